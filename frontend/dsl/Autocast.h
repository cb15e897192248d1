//===- Autocast.h - the policy of mixed precision -------------------------===//
#ifndef MG_FRONTEND_DSL_AUTOCAST_H
#define MG_FRONTEND_DSL_AUTOCAST_H

#include "mg/tensor.h"

namespace mg::detail {

/// The dtype in which `op`, a row of `autocast_table`, takes operands that met
/// at `dtype`: that one, outside of autocast and for all but f16, bf16, f32.
DType autocastTo(const char *op, DType dtype);

/// The policy of this thread; f32 where there is none.
DType autocastDType();

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_AUTOCAST_H
