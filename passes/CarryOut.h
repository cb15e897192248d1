//===- CarryOut.h - Values leave loops and branches -------------*- C++ -*-===//
//
// A flag that is raised inside a loop or a branch is joined with those before
// it and carried out, level by level: through one more value that the loop
// carries, one more result of the branch.
//
//===----------------------------------------------------------------------===//

#ifndef MG_PASSES_CARRYOUT_H
#define MG_PASSES_CARRYOUT_H

#include "mlir/IR/Builders.h"

#include <functional>

namespace mlir::mg {

/// What is carried: values of a type, how two become one, and the value that
/// stands for none.
struct Carried {
  Type type;
  std::function<Value(OpBuilder &, Location)> none;
  std::function<Value(OpBuilder &, Location, Value, Value)> join;
};

/// All of `found` as one value at the end of `block`: they are inside it at any
/// depth, by the op that each stands after or next to. Null without any.
Value carryOut(Block &block, const DenseMap<Operation *, Value> &found,
               const Carried &what);

} // namespace mlir::mg

#endif // MG_PASSES_CARRYOUT_H
