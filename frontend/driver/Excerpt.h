//===- Excerpt.h - a part of a program as a program -----------------------===//
//
// Of the ops of a function, in program order and without constants and weights,
// those from `begin` to before `end`: what they read of earlier ones becomes an
// argument, what later ones (or the caller) read of them a result.
//
//   op 0   %a = exp %x            excerpt 1..2 of it:
//   op 1   %b = neg %a              f(%a) { %b = neg %a; return %b }
//   op 2   %c = add %a, %b
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_EXCERPT_H
#define MG_FRONTEND_DRIVER_EXCERPT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <vector>

namespace mg::driver {

/// The ops that count.
std::vector<mlir::Operation *> countedOps(mlir::func::FuncOp function);

struct Excerpt {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Values of the whole function: what its arguments and results are.
  std::vector<mlir::Value> arguments, results;
};

/// A function of the name of `function`, in a module with all that it calls.
Excerpt excerpt(mlir::func::FuncOp function, std::size_t begin,
                std::size_t end);

/// All ops before `end`, with `results` instead of what is read later.
Excerpt prefix(mlir::func::FuncOp function, std::size_t end,
               std::vector<mlir::Value> results);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_EXCERPT_H
