// cond, while_loop, scan: what is refused, and eager values.
#include "dsl-check.h"

namespace {

using mg::Tensor;

TEST(Cond, Errors) {
  auto scalar = [](Tensor v) { return sum(v); };
  auto same = [](Tensor v) { return v; };
  const Tensor x = mg::from({1.f, 2.f});
  EXPECT_TRUE(has(error_of([&] { mg::cond(x > 0, same, same, x); }),
                  "cond: the condition is a scalar bool, not bool[2]"));
  auto f =
      mg::jit([=](Tensor v) { return mg::cond(v[0] > 0, scalar, same, v); });
  EXPECT_TRUE(has(error_of([&] { f(x); }),
                  "cond: the results of both functions differ in tensor 0: "
                  "f32[] and f32[2]"));
}

TEST(Scan, Errors) {
  const Tensor xs = mg::from({.1, .2, .3});
  auto grows = [](Tensor c, Tensor x) {
    return std::pair{c + x * mg::from({1, 2}), x};
  };
  const std::string what = "scan: the carry before and after a step differ in "
                           "tensor 0: f32[] and f32[2]";
  auto run = [&](Tensor v) { return mg::scan(grows, Tensor(0.0f), v); };
  EXPECT_TRUE(has(error_of([&] { run(xs); }), what));
  EXPECT_TRUE(has(error_of([&] { mg::jit(run)(xs); }), what));
  auto pairs = [](Tensor c, std::pair<Tensor, Tensor> x) {
    return std::pair{c, x.first};
  };
  EXPECT_TRUE(has(error_of([&] {
                    mg::scan(pairs, Tensor(0.0f), std::pair{xs, mg::ones({4})});
                  }),
                  "scan: sequences differ in their first dimension: f32[3] and "
                  "f32[4]"));
  EXPECT_TRUE(has(error_of([&] {
                    mg::scan(
                        [](Tensor c, mg::Nothing) { return std::pair{c, c}; },
                        Tensor(0.0f), mg::nothing);
                  }),
                  "there is no sequence: give `.length`"));
}

} // namespace
