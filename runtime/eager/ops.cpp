// The elementwise ops of the C ABI.
#include "runtime/eager/elementwise.h"
#include "runtime/eager/level.h"

#include <string.h>

namespace mg::runtime {
namespace {

#define MG_NAME(Name, mnemonic) mnemonic,
constexpr const char *kUnaryNames[] = {MG_UNARY_OPS(MG_NAME) nullptr};
constexpr const char *kBinaryNames[] = {MG_BINARY_OPS(MG_NAME) nullptr};
#undef MG_NAME

int find(const char *const *names, const char *name) {
  for (int i = 0; name && names[i]; ++i)
    if (strcmp(names[i], name) == 0)
      return i;
  return -1;
}

// The op with its result; operands are added one by one.
Elementwise begin(Loop loop, const mg_array &out) {
  Elementwise op = {};
  op.loop = loop;
  op.out = static_cast<char *>(out.data);
  op.out_size = mg_dtype_size(out.dtype);
  op.count = element_count(out);
  return op;
}

void add_operand(Elementwise &op, const mg_array &x) {
  op.operands[op.arity++] = {
      Stream(x), conversion(*loops(), x.dtype, computed_in(x.dtype))};
}

// Results of `dtype` are computed wider and rounded once.
void round_result(Elementwise &op, mg_dtype dtype) {
  op.narrow = conversion(*loops(), computed_in(dtype), dtype);
}

// Comparisons that the kernels do not have, with exchanged operands.
BinaryOp exchanged(BinaryOp op) {
  return op == BinaryOp::Greater        ? BinaryOp::Less
         : op == BinaryOp::GreaterEqual ? BinaryOp::LessEqual
                                        : op;
}

} // namespace
} // namespace mg::runtime

using namespace mg::runtime;

int mg_unary_op(const char *mnemonic) { return find(kUnaryNames, mnemonic); }
int mg_binary_op(const char *mnemonic) { return find(kBinaryNames, mnemonic); }
const char *const *mg_unary_op_names(void) { return kUnaryNames; }
const char *const *mg_binary_op_names(void) { return kBinaryNames; }

mg_status mg_unary(int number, const mg_array *x, const mg_array *out,
                   mg_pool *pool) {
  MG_CHECK(number >= 0 && number < int(UnaryOp::Count), MG_ERROR_ARGUMENT);
  MG_CHECK(valid(x) && valid_result(out) && same_shape(*x, *out) &&
               x->dtype == out->dtype,
           MG_ERROR_SHAPE);
  MG_CHECK(loops(), MG_ERROR_CPU);
  const Loop loop = loops()->unary(UnaryOp(number), computed_in(x->dtype));
  MG_CHECK(loop, MG_ERROR_UNSUPPORTED);
  Elementwise op = begin(loop, *out);
  add_operand(op, *x);
  round_result(op, out->dtype);
  run(op, pool);
  return MG_OK;
}

mg_status mg_binary(int number, const mg_array *a, const mg_array *b,
                    const mg_array *out, mg_pool *pool) {
  MG_CHECK(number >= 0 && number < int(BinaryOp::Count), MG_ERROR_ARGUMENT);
  MG_CHECK(valid(a) && valid(b) && valid_result(out) && same_shape(*a, *b) &&
               same_shape(*a, *out) && a->dtype == b->dtype,
           MG_ERROR_SHAPE);
  const BinaryOp asked = BinaryOp(number), known = exchanged(asked);
  MG_CHECK(out->dtype == (is_compare(asked) ? MG_BOOL : a->dtype),
           MG_ERROR_SHAPE);
  MG_CHECK(loops(), MG_ERROR_CPU);
  const Loop loop = loops()->binary(known, computed_in(a->dtype));
  MG_CHECK(loop, MG_ERROR_UNSUPPORTED);
  Elementwise op = begin(loop, *out);
  add_operand(op, asked == known ? *a : *b);
  add_operand(op, asked == known ? *b : *a);
  round_result(op, out->dtype);
  run(op, pool);
  return MG_OK;
}

mg_status mg_select(const mg_array *condition, const mg_array *a,
                    const mg_array *b, const mg_array *out, mg_pool *pool) {
  MG_CHECK(valid(condition) && valid(a) && valid(b) && valid_result(out) &&
               condition->dtype == MG_BOOL && a->dtype == b->dtype &&
               a->dtype == out->dtype && same_shape(*condition, *out) &&
               same_shape(*a, *out) && same_shape(*b, *out),
           MG_ERROR_SHAPE);
  MG_CHECK(loops(), MG_ERROR_CPU);
  Elementwise op = begin(loops()->select(mg_dtype_size(out->dtype)), *out);
  op.arity = 3;
  op.operands[0].stream = Stream(*condition);
  op.operands[1].stream = Stream(*a);
  op.operands[2].stream = Stream(*b);
  run(op, pool);
  return MG_OK;
}
