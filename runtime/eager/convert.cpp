// Conversions: the path between two dtypes, and the op.
#include "runtime/eager/elementwise.h"
#include "runtime/eager/level.h"

namespace mg::runtime {
namespace {

bool is_half(mg_dtype dtype) { return dtype == MG_F16 || dtype == MG_BF16; }
bool is_integer(mg_dtype dtype) { return dtype < MG_F16; }
bool is_signed(mg_dtype dtype) { return dtype >= MG_I8 && dtype <= MG_I64; }

struct Leg {
  mg_dtype to;
  Cast cast;
};

// The next leg of a way that no direct step covers. Every leg but the last is
// exact, or rounds to odd where the last one rounds.
Leg next_leg(mg_dtype from, mg_dtype to, mg_convert_mode mode) {
  const size_t size = mg_dtype_size(from);
  if (is_half(from) || to == MG_BOOL)
    return {is_half(from) ? MG_F32 : MG_BOOL, Cast::Wrap};
  if (is_half(to)) {
    if (from == MG_F64)
      return {MG_F32, Cast::Odd};
    if (from == MG_F32)
      return {to, Cast::Wrap};
    return size <= 2   ? Leg{MG_F32, Cast::Wrap}
           : size == 4 ? Leg{MG_F64, Cast::Wrap}
                       : Leg{MG_F64, Cast::Odd};
  }
  if (!is_integer(from) && is_integer(to))
    return {to, Cast::Saturate};
  if (is_integer(from) && is_integer(to) && mode == MG_SATURATE) {
    const mg_dtype widest = is_signed(from) ? MG_I64 : MG_U64;
    return from == widest ? Leg{to, Cast::Saturate} : Leg{widest, Cast::Wrap};
  }
  return {to, Cast::Wrap};
}

} // namespace

Conversion conversion(const mg_loops &loops, mg_dtype from, mg_dtype to,
                      mg_convert_mode mode) {
  Conversion way;
  bool round = mode == MG_NEAREST && is_integer(to) && to != MG_BOOL;
  while (from != to) {
    if (round && (from == MG_F32 || from == MG_F64)) {
      way.steps[way.count++] = {loops.unary(UnaryOp::RoundEven, from),
                                mg_dtype_size(from)};
      round = false;
    }
    const Leg leg = next_leg(from, to, mode);
    way.steps[way.count++] = {loops.convert(from, leg.to, leg.cast),
                              mg_dtype_size(leg.to)};
    from = leg.to;
  }
  return way;
}

} // namespace mg::runtime

using namespace mg::runtime;

mg_status mg_convert(const mg_array *x, mg_convert_mode mode,
                     const mg_array *out, mg_pool *pool) {
  MG_CHECK(valid(x) && valid_result(out) && same_shape(*x, *out),
           MG_ERROR_SHAPE);
  MG_CHECK(mode >= MG_TRUNCATE && mode <= MG_SATURATE, MG_ERROR_ARGUMENT);
  MG_CHECK(loops(), MG_ERROR_CPU);
  Conversion way = conversion(*loops(), x->dtype, out->dtype, mode);
  if (way.count == 0)
    return mg_copy(x, out, pool);
  Elementwise op;
  op.loop = way.steps[0].loop;
  op.arity = 1;
  op.operands[0].stream = Stream(*x);
  for (int k = 1; k < way.count; ++k)
    op.narrow.steps[op.narrow.count++] = way.steps[k];
  op.out = static_cast<char *>(out->data);
  op.out_size = mg_dtype_size(out->dtype);
  op.count = element_count(*out);
  run(op, pool);
  return MG_OK;
}
