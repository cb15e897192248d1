// cond, while_loop, scan: eager, traced, differentiated, batched.
#include "dsl-check.h"

namespace {

using mg::Tensor;

Tensor branch(Tensor x) {
  return mg::cond(
      x > 0, [](Tensor v) { return v * v; }, [](Tensor v) { return -v; }, x);
}
Tensor halve(Tensor x) {
  return mg::while_loop([](Tensor v) { return v > 1; },
                        [](Tensor v) { return v / 2; }, x, {.max_trips = 20});
}

TEST(Cond, EagerTracedDerived) {
  EXPECT_TRUE(is(branch(3.0f), {9}));
  EXPECT_TRUE(is(branch(-3.0f), {3}));
  auto fast = mg::jit(branch);
  EXPECT_TRUE(is(fast(3.0f), {9}));
  EXPECT_TRUE(is(fast(-3.0f), {3}));
  EXPECT_EQ(fast.stats().traces, 1);
  EXPECT_TRUE(is(mg::grad(branch)(3.0f), {6}));
  EXPECT_TRUE(is(mg::jit(mg::grad(branch))(-3.0f), {-1}));
  EXPECT_TRUE(is(mg::grad(mg::grad(branch))(3.0f), {2}));
}

TEST(Cond, IsBatched) {
  EXPECT_TRUE(is(mg::vmap(branch)(mg::from({2.f, -2.f})), {4, 2}));
  EXPECT_TRUE(is(mg::vmap(mg::grad(branch))(mg::from({2.f, -2.f})), {4, -1}));
}

TEST(Cond, CapturesDiffer) {
  const Tensor large = mg::linspace(0, 1, 100);
  auto f = [=](Tensor a, Tensor b) {
    return mg::cond(
        b > 0, [=](Tensor v) { return v * a; },
        [=](Tensor v) { return v * b * sum(large); }, a);
  };
  auto g = mg::jit(mg::grad(f, mg::wrt<0, 1>));
  auto [da, db] = g(3.0f, 1.0f);
  EXPECT_TRUE(is(da, {6}));
  EXPECT_TRUE(is(db, {0}));
  auto [ea, eb] = g(3.0f, -1.0f);
  EXPECT_TRUE(is(ea, {-50}));
  EXPECT_TRUE(is(eb, {150}));
}

// Who catches what a traced function throws goes on with another one.
TEST(Cond, LeavesNothingOfWhatThrew) {
  auto f = mg::jit([](Tensor x) {
    auto throws = [&](Tensor v) -> Tensor {
      const Tensor inside = v * x;
      throw std::runtime_error(mg::type_string(inside));
    };
    try {
      return mg::cond(x > 0, throws, throws, x);
    } catch (const std::runtime_error &) {
      return branch(x + 1);
    }
  });
  EXPECT_TRUE(is(f(2.0f), {9}));
}

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

TEST(WhileLoop, EagerTracedDerived) {
  EXPECT_TRUE(is(halve(10.0f), {0.625}));
  EXPECT_TRUE(is(mg::jit(halve)(10.0f), {0.625}));
  EXPECT_TRUE(is(mg::grad(halve)(10.0f), {0.0625}));
  EXPECT_TRUE(is(mg::jit(mg::grad(halve))(10.0f), {0.0625}));
}

TEST(WhileLoop, MaxTripsStopsIt) {
  auto f = [](Tensor x) {
    return mg::while_loop([](Tensor v) { return v > 1; },
                          [](Tensor v) { return v / 2; }, x, {.max_trips = 2});
  };
  EXPECT_TRUE(is(f(10.0f), {2.5}));
  EXPECT_TRUE(is(mg::jit(f)(10.0f), {2.5}));
}

struct Newton {
  Tensor x, steps;
};
TEST(WhileLoop, OfAStructWithCaptures) {
  // The root of a by Newton's method, and its derivative 1 / (2 sqrt(a)).
  auto root = [](Tensor a) {
    return mg::while_loop(
               [a](Newton n) { return abs(n.x * n.x - a) > 1e-6f * a; },
               [a](Newton n) {
                 return Newton{(n.x + a / n.x) / 2, n.steps + 1};
               },
               Newton{a, 0}, {.max_trips = 30})
        .x;
  };
  EXPECT_TRUE(is(root(2.0f), {std::sqrt(2)}));
  EXPECT_TRUE(is(mg::jit(root)(2.0f), {std::sqrt(2)}));
  EXPECT_TRUE(near(mg::grad(root)(2.0f), {0.5 / std::sqrt(2)}, 1e-4));
}

TEST(WhileLoop, Errors) {
  const int line = __LINE__ + 2;
  auto endless = [](Tensor x) {
    return mg::while_loop([](Tensor v) { return v > 1; },
                          [](Tensor v) { return v / 2; }, x);
  };
  (void)line;
  EXPECT_TRUE(is(endless(10.0f), {0.625}));
  const std::string error = error_of([&] { mg::grad(endless)(10.0f); });
  EXPECT_TRUE(has(error, "max_trips"));
  EXPECT_TRUE(has(error, "control-test.cpp:" + std::to_string(line)));
  EXPECT_TRUE(has(error_of([&] { mg::jit(mg::grad(endless))(10.0f); }),
                  "control-test.cpp:" + std::to_string(line)));
  auto [y, dy] =
      mg::jvp(endless, std::tuple{Tensor(10.0f)}, std::tuple{Tensor(1.0f)});
  EXPECT_TRUE(is(dy, {0.0625}));
  auto grows = [](Tensor v) { return mg::stack({v, v}); };
  auto again = [](Tensor v) { return any(v > 0); };
  EXPECT_TRUE(
      has(error_of([&] { mg::while_loop(again, grows, Tensor(1.0f)); }),
          "while_loop: the state before and after a step differ in tensor 0: "
          "f32[] and f32[2]"));
}

struct Carry {
  Tensor h, steps;
};
auto recurrence(Tensor w, Tensor xs) {
  auto [last, hs] = mg::scan(
      [w](Carry c, Tensor x) {
        Tensor h = mg::tanh(c.h * w + x);
        return std::pair{Carry{h, c.steps + 1}, h};
      },
      Carry{0.0f, 0}, xs);
  return std::tuple{sum(hs), last};
}

TEST(Scan, EagerTracedDerived) {
  const Tensor xs = mg::from({.1, .2, .3});
  auto [total, last] = recurrence(0.5f, xs);
  EXPECT_EQ(last.steps.item<int>(), 3);
  auto [traced, end] = mg::jit(recurrence)(0.5f, xs);
  EXPECT_TRUE(is(traced, {total.item<double>()}));
  EXPECT_EQ(end.steps.item<int>(), 3);
  auto loss = [=](Tensor w, Tensor v) { return std::get<0>(recurrence(w, v)); };
  auto value = [&](double w) {
    return loss(Tensor(static_cast<float>(w)), xs).item<double>();
  };
  const double slope = (value(0.51) - value(0.49)) / 0.02;
  EXPECT_TRUE(near(mg::grad(loss)(0.5f, xs), {slope}, 1e-3));
  EXPECT_TRUE(near(mg::jit(mg::grad(loss))(0.5f, xs), {slope}, 1e-3));
  const Tensor each =
      mg::vmap(mg::grad(loss), {.in = {0, mg::none}})(mg::from({.5f, 0.f}), xs);
  EXPECT_TRUE(near(each[0], {slope}, 1e-3));
}

TEST(Scan, ReverseLengthAndNothing) {
  auto running = [](Tensor c, Tensor x) { return std::pair{c + x, c + x}; };
  const Tensor xs = mg::from({1, 2, 3});
  for (bool compiled : {false, true}) {
    auto backwards = [&](Tensor v) {
      return mg::scan(running, Tensor(0), v, {.reverse = true});
    };
    auto [last, all] = compiled ? mg::jit(backwards)(xs) : backwards(xs);
    EXPECT_TRUE(is(last, {6}));
    EXPECT_TRUE(is(all, {6, 5, 3}));
    auto powers = [](Tensor w) {
      return mg::scan(
          [w](Tensor c, mg::Nothing) { return std::pair{c * w, c}; },
          Tensor(1.0f), mg::nothing, {.length = 4});
    };
    auto [end, list] = compiled ? mg::jit(powers)(2.0f) : powers(2.0f);
    EXPECT_TRUE(is(end, {16}));
    EXPECT_TRUE(is(list, {1, 2, 4, 8}));
    auto none = [&](Tensor v) { return mg::scan(running, Tensor(7), v); };
    const Tensor empty = mg::zeros({0}, mg::DType::i32);
    auto [same, nothing] = compiled ? mg::jit(none)(empty) : none(empty);
    EXPECT_TRUE(is(same, {7}));
    EXPECT_EQ(nothing.shape(), mg::Shape{0});
  }
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
