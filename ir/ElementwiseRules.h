//===- ElementwiseRules.h - derivatives too long for a record -------------===//
#ifndef MG_IR_ELEMENTWISERULES_H
#define MG_IR_ELEMENTWISERULES_H

#include "ir/Ops.h"

namespace mlir::mg {

/// g * b * a^(b - 1); 0 where b is 0, whatever a is.
Value powBase(RuleBuilder &r, Value g, Value a, Value b);
/// g * y * log(a), where y = a^b; 0 where a is 0.
Value powExponent(RuleBuilder &r, Value g, Value a, Value y);

} // namespace mlir::mg

#endif // MG_IR_ELEMENTWISERULES_H
