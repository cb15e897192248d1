// The texts, with both of the user's lines.
#include "dsl-check.h"

namespace {

using mg::Tensor;

std::string here(int line) {
  return "errors-test.cpp:" + std::to_string(line) + ":";
}

TEST(Errors, TwoLines) {
  const Tensor w = mg::from({1, 2, 3, 4, 5, 6}, {2, 3});
  const int made = __LINE__ - 1;
  const auto text = error_of([&] { matmul(w, w); });
  EXPECT_TRUE(has(text, here(__LINE__ - 1)));
  EXPECT_TRUE(has(text, "error: matmul: inner dimensions 3 and 2 differ (lhs "
                        "i32[2,3], rhs i32[2,3])"));
  EXPECT_TRUE(has(text, here(made)));
  const auto broadcast = error_of([&] { return w + mg::from({1, 2}); });
  EXPECT_TRUE(has(broadcast, "add: shapes do not broadcast: dimension -1 is 3 "
                             "and 2 (lhs i32[2,3], rhs i32[2])"));
  EXPECT_TRUE(has(broadcast, "rhs is the tensor made"));
}

TEST(Errors, TheDialectsRulesUnderTheUsersNames) {
  const Tensor x = mg::zeros({2, 3});
  const auto contract = error_of([&] {
    dot_general(x, exp(x), {.lhs_contract = {1}, .rhs_contract = {0}});
  });
  EXPECT_TRUE(has(contract, "error: dot_general: "));
  EXPECT_TRUE(has(contract, "3 and 2"));
  EXPECT_TRUE(has(contract, "rhs is the result of exp"));
  EXPECT_TRUE(has(error_of([&] { reshape(x, {4}); }), "error: reshape: "));
  EXPECT_TRUE(has(error_of([&] { reshape(x, {4, -1}); }), "no size for -1"));
  EXPECT_TRUE(has(error_of([&] { x & x; }), "has no bits"));
  EXPECT_TRUE(has(error_of([&] { sum(x, 2); }), "axis 2 is out of range"));
  EXPECT_TRUE(has(error_of([&] { sum(x, {0, 0}); }), "named twice"));
  EXPECT_TRUE(has(error_of([&] { return x(0, 1, 2); }), "3 indices for"));
  EXPECT_TRUE(has(error_of([&] { return x[2]; }),
                  "index 2 is out of range for dimension 0 of f32[2,3]"));
  EXPECT_TRUE(
      has(error_of([&] { einsum("ij,jk->ik", x, x); }), "'j' is 3 and 2"));
  EXPECT_TRUE(has(error_of([&] { return x[x]; }), "indices are integers"));
  EXPECT_TRUE(has(error_of([&] { return x[x > 0]; }), "truth value"));
  EXPECT_TRUE(has(error_of([&] { return Tensor() + 1; }), "empty"));
  EXPECT_TRUE(has(error_of([&] { return mg::spec({2}) + 1; }), "is a spec"));
  EXPECT_TRUE(has(error_of([&] { mg::zeros({-1}); }), "negative"));
  EXPECT_TRUE(has(error_of([&] { mg::zeros({1 << 30, 1 << 30, 1 << 30}); }),
                  "address space"));
  EXPECT_TRUE(has(error_of([&] { x.item<float>(); }), "not one element"));
}

TEST(Errors, ValuesInATrace) {
  Tensor stolen;
  mg::jit([&](Tensor x) { return stolen = exp(x); })(1.0f);
  const int made = __LINE__ - 1;
  const auto escaped = error_of([&] { return stolen + 1; });
  EXPECT_TRUE(has(escaped, here(__LINE__ - 1)));
  EXPECT_TRUE(has(escaped, "belongs to a trace that has ended"));
  EXPECT_TRUE(has(escaped, here(made)));
  EXPECT_TRUE(has(escaped, "result of exp"));
  EXPECT_TRUE(has(
      error_of([&] { mg::jit([&](Tensor x) { return x * stolen; })(1.0f); }),
      "ended"));
  EXPECT_TRUE(has(error_of([&] { stolen.item<float>(); }), "ended"));

  const auto branch = error_of([&] {
    mg::jit([](Tensor x) { return (x > 0).item<bool>() ? x : -x; })(1.0f);
  });
  EXPECT_TRUE(has(branch, here(__LINE__ - 2)));
  EXPECT_TRUE(has(branch, "item: the value of bool[] is not known while"));
  EXPECT_TRUE(has(error_of([&] {
                    mg::jit([](Tensor x) { return x.to_vector(), x; })(1.0f);
                  }),
                  "argument '0'"));
  const Tensor w = mg::zeros({2, 3});
  EXPECT_TRUE(has(error_of([&] {
                    mg::jit([&](Tensor x) { return matmul(w, x); })(
                        mg::zeros({1, 2}));
                  }),
                  "rhs is the argument '0'"));
  // A trace that failed leaves none open.
  EXPECT_TRUE(is(w[0] + 1, {1, 1, 1}));
}

} // namespace
