// grad, value_and_grad, vjp, jvp, jacobian, hessian, vmap, checkpoint,
// custom_vjp: alone, nested, over structs, inside and outside jit.
#include "dsl-check.h"

namespace {

using mg::Tensor;

struct Params {
  Tensor w;
  float unused = 2;
};
std::pair<Tensor, Tensor> withAux(Params p, Tensor x) {
  Tensor y = p.w * x;
  return {sum(y * y), y};
}
Tensor cube(Tensor x) { return x * x * x; }

/// The derivative of a scalar f at each element of x, by differences in f64.
template <class F>
std::vector<double> differences(F f, const Tensor &x, double step = 1e-5) {
  std::vector<double> at = x.to_vector<double>(), slopes;
  auto value = [&] {
    return f(mg::from(at, x.shape())).template item<double>();
  };
  for (double &element : at) {
    const double here = element;
    element = here + step;
    const double above = value();
    element = here - step;
    const double below = value();
    element = here;
    slopes.push_back((above - below) / (2 * step));
  }
  return slopes;
}

TEST(Grad, NestsToAnyDepth) {
  EXPECT_TRUE(is(mg::grad(cube)(2.0f), {12}));
  EXPECT_TRUE(is(mg::grad(mg::grad(cube))(2.0f), {12}));
  EXPECT_TRUE(is(mg::grad(mg::grad(mg::grad(cube)))(2.0f), {6}));
  EXPECT_TRUE(is(mg::jit(mg::grad(mg::grad(cube)))(2.0f), {12}));
  EXPECT_TRUE(is(mg::grad(mg::jit(cube))(2.0f), {12}));
}

TEST(Grad, AndVmap) {
  EXPECT_TRUE(
      is(mg::vmap(mg::grad(cube))(mg::from({1.f, 2.f, 3.f})), {3, 12, 27}));
  auto total = [](Tensor x) { return sum(mg::vmap(cube)(x)); };
  EXPECT_TRUE(is(mg::grad(total)(mg::from({1.f, 2.f})), {3, 12}));
  EXPECT_TRUE(is(mg::jit(mg::grad(total))(mg::from({1.f, 2.f})), {3, 12}));
}

TEST(Grad, DerivesByItsOwnVariableOnly) {
  // d/dx (x * d/dy (x * y)) = 2 x.
  auto f = [](Tensor x) {
    return x * mg::grad([x](Tensor y) { return x * y; })(1.0f);
  };
  EXPECT_TRUE(is(mg::grad(f)(3.0f), {6}));
  // d/dx (x * d/dy (x + y)) = 1.
  auto g = [](Tensor x) {
    return x * mg::grad([x](Tensor y) { return x + y; })(1.0f);
  };
  EXPECT_TRUE(is(mg::grad(g)(3.0f), {1}));
}

TEST(Grad, OfStructs) {
  const Tensor x = mg::from({1.f, 2.f});
  auto [out, g] = mg::value_and_grad(withAux)(Params{mg::from({3.f, 4.f})}, x);
  EXPECT_TRUE(is(out.first, {73}));
  EXPECT_TRUE(is(out.second, {3, 8}));
  EXPECT_TRUE(is(g.w, {6, 32}));
  EXPECT_EQ(g.unused, 2);
  auto [gp, gx] = mg::grad(withAux, mg::wrt<0, 1>)({{mg::from({3.f, 4.f})}}, x);
  EXPECT_TRUE(is(gx, {18, 64}));
  EXPECT_TRUE(is(gp.w, {6, 32}));
}

struct Mixed {
  Tensor w, bias, count;
};
TEST(Grad, LeavesWithoutADerivativeAreEmpty) {
  auto f = [](Mixed m) { return sum(m.w * m.count); };
  const Mixed g = mg::grad(f)(Mixed{mg::from({1.f, 2.f}), {}, 3});
  EXPECT_TRUE(is(g.w, {3, 3}));
  EXPECT_TRUE(g.bias.empty());
  EXPECT_TRUE(g.count.empty());
}

TEST(Grad, LargeCapturesAndUnusedArguments) {
  const Tensor data = mg::linspace(0, 1, 100);
  auto f = [=](Tensor a, Tensor) { return sum(data * a); };
  auto [da, db] = mg::grad(f, mg::wrt<0, 1>)(2.0f, mg::ones({3}));
  EXPECT_TRUE(is(da, {50}));
  EXPECT_TRUE(is(db, {0, 0, 0}));
  EXPECT_TRUE(is(mg::jit(mg::grad(f))(2.0f, 1.0f), {50}));
}

TEST(Grad, AgainstDifferences) {
  auto f = [](Tensor x) {
    const Tensor m = reshape(x, {2, 3});
    const Tensor y = mg::tanh(matmul(m, transpose(m)));
    return sum(softmax(y) * y) + sum(log1p(exp(x(mg::slice(1, 4)))));
  };
  const Tensor x =
      mg::from({.1, -.2, .3, .4, .5, -.6}).dtype() == mg::DType::f32
          ? astype(mg::from({.1, -.2, .3, .4, .5, -.6}), mg::DType::f64)
          : mg::from({.1, -.2, .3, .4, .5, -.6});
  EXPECT_TRUE(near(mg::grad(f)(x), differences(f, x), 1e-8));
  auto slope = [&](Tensor v) { return sum(mg::grad(f)(v) * mg::arange(6)); };
  EXPECT_TRUE(near(mg::grad(slope)(x), differences(slope, x), 1e-7));
}

TEST(Vjp, AndJvpAgree) {
  auto f = [](Tensor a, Tensor b) { return exp(a) * mg::tanh(b); };
  auto [y, pull] = mg::vjp(f, Tensor(1.0f), Tensor(0.5f));
  auto [da, db] = pull(1.0f);
  auto [y2, dy] = mg::jvp(f, std::tuple{Tensor(1.0f), Tensor(0.5f)},
                          std::tuple{Tensor(1.0f), Tensor(2.0f)});
  EXPECT_TRUE(is(y, {std::exp(1) * std::tanh(.5)}));
  EXPECT_TRUE(is(y2, {y.item<double>()}));
  EXPECT_TRUE(is(dy, {da.item<double>() + 2 * db.item<double>()}));
  EXPECT_TRUE(is(da, {y.item<double>()}));
}

TEST(Vjp, OfATreeInATrace) {
  auto f = [](Tensor x) { return std::pair{x * x, Params{sin(x), 5}}; };
  auto both = mg::jit([&](Tensor x) {
    auto [y, pull] = mg::vjp(f, x);
    auto [dx] = pull({y.first, {y.second.w}});
    return dx; // 2 x * x^2 + cos x sin x
  });
  EXPECT_TRUE(is(both(2.0f), {16 + std::cos(2) * std::sin(2)}));
}

TEST(Jvp, OfTrees) {
  auto f = [](Params p, Tensor n) { return std::pair{p.w * p.w, n + 1}; };
  auto [y, dot] =
      mg::jvp(f, std::tuple{Params{mg::from({1.f, 3.f})}, Tensor(7)},
              std::tuple{Params{mg::from({1.f, 2.f})}, Tensor()});
  EXPECT_TRUE(is(y.second, {8}));
  EXPECT_TRUE(is(dot.first, {2, 12}));
  EXPECT_TRUE(dot.second.empty());
}

TEST(Vmap, Axes) {
  auto row = [](Tensor v, Tensor m) { return matmul(v, m); };
  const Tensor v = mg::from({1.f, 0.f, 0.f, 1.f}, {2, 2}),
               m = mg::from({1.f, 2.f, 3.f, 4.f}, {2, 2});
  EXPECT_TRUE(is(mg::vmap(row, {.in = {0, mg::none}, .out = 1})(v, m), {2, 2},
                 {1, 3, 2, 4}));
  EXPECT_TRUE(is(mg::vmap(row, {.in = {0, mg::none}, .out = -1})(v, m), {2, 2},
                 {1, 3, 2, 4}));
  auto both = mg::vmap(
      [](Tensor a, Tensor b) { return std::tuple{a + b, Params{b}, sum(b)}; },
      {.in = {-1, mg::none}, .out = {1, mg::none, mg::none}});
  auto [sums, same, total] =
      both(mg::from({1.f, 2.f, 3.f}, {1, 3}), mg::from({10.f}));
  EXPECT_TRUE(is(sums, {1, 3}, {11, 12, 13}));
  EXPECT_TRUE(is(same.w, {10}));
  EXPECT_TRUE(is(total, mg::Shape{}, {10}));
}

TEST(Vmap, PerExampleGradientsOfAStruct) {
  auto loss = [](Params p, Tensor x) { return sum(p.w * x * x); };
  auto each = mg::vmap(mg::grad(loss), {.in = {mg::none, 0}});
  const Tensor x = mg::from({1.f, 2.f, 3.f, 4.f}, {2, 2});
  const Params p{mg::from({1.f, 1.f})}, g = each(p, x);
  EXPECT_TRUE(is(g.w, {2, 2}, {1, 4, 9, 16}));
  for (int i = 0; i < 2; ++i)
    EXPECT_TRUE(is(mg::grad(loss)(p, x[i]).w, g.w[i].to_vector<double>()));
}

TEST(Jacobian, OfAVector) {
  auto f = [](Tensor x) {
    return mg::stack({x[0] * x[1], sin(x[2]), x[0] * x[2]});
  };
  const Tensor x = mg::from({2.f, 3.f, 0.5f});
  const std::vector<double> want = {3, 2, 0, 0, 0, std::cos(.5), 0.5, 0, 2};
  EXPECT_TRUE(is(mg::jacobian(f)(x), {3, 3}, want));
  EXPECT_TRUE(
      is(mg::jacobian(f, {.mode = mg::Mode::forward})(x), {3, 3}, want));
  EXPECT_TRUE(is(mg::jit(mg::jacobian(f))(x), {3, 3}, want));
}

TEST(Jacobian, OfAStruct) {
  auto to = [](Tensor x, Params p) { return x * sum(p.w); };
  const Params p{mg::from({1.f, 2.f, 3.f})};
  const Tensor x = mg::from({4.f, 5.f});
  const Params by = mg::jacobian(to, mg::wrt<1>)(x, p);
  EXPECT_TRUE(is(by.w, {2, 3}, {4, 4, 4, 5, 5, 5}));
  auto from = [](Tensor v) { return Params{v * v}; };
  EXPECT_TRUE(is(mg::jacobian(from)(x).w, {2, 2}, {8, 0, 0, 10}));
}

TEST(Hessian, OfAQuadraticAndMore) {
  const Tensor a = mg::from({2.f, 1.f, 1.f, 3.f}, {2, 2});
  auto f = [=](Tensor x) { return sum(matmul(a, x) * x) / 2; };
  const Tensor x = mg::from({1.f, 2.f});
  EXPECT_TRUE(is(mg::hessian(f)(x), {2, 2}, {2, 1, 1, 3}));
  auto g = [](Tensor v) { return prod(v) * v[0]; };
  EXPECT_TRUE(is(mg::jit(mg::hessian(g))(x), {2, 2}, {4, 2, 2, 0}));
}

TEST(Hessian, OfSoftplusAtItsKink) {
  auto f = [](Tensor x) { return sum(mg::softplus(x)); };
  EXPECT_TRUE(is(mg::grad(f)(mg::zeros({2})), {0.5, 0.5}));
  EXPECT_TRUE(is(mg::hessian(f)(mg::zeros({2})), {2, 2}, {.25, 0, 0, .25}));
}

TEST(Checkpoint, ChangesNoValue) {
  auto plain = [](Tensor v) {
    return exp(mg::tanh(mg::checkpoint_name(sin(v), "s")));
  };
  auto d1 = mg::grad(plain);
  const double first = d1(0.3f).item<double>(),
               second = mg::grad(d1)(0.3f).item<double>();
  for (const mg::Checkpoint &keep :
       {mg::Checkpoint::nothing, mg::Checkpoint::everything,
        mg::Checkpoint::dots, mg::Checkpoint::names({"s"}),
        mg::Checkpoint::bytes(64)}) {
    auto block = mg::checkpoint(plain, keep);
    EXPECT_TRUE(is(block(0.3f), {plain(0.3f).item<double>()}));
    EXPECT_TRUE(is(mg::grad(block)(0.3f), {first}));
    EXPECT_TRUE(is(mg::jit(mg::grad(block))(0.3f), {first}));
    EXPECT_TRUE(is(mg::grad(mg::grad(block))(0.3f), {second}));
  }
}

TEST(StopGradient, OfTensorsAndTrees) {
  EXPECT_TRUE(is(
      mg::grad([](Tensor x) { return x * mg::stop_gradient(x); })(3.0f), {3}));
  auto f = [](Params p) { return sum(p.w * mg::stop_gradient(p).w); };
  EXPECT_TRUE(is(mg::grad(f)({{mg::from({3.f, 4.f})}}).w, {3, 4}));
}

TEST(CustomVjp, IsUsed) {
  auto clipped =
      mg::custom_vjp([](Tensor v) { return v * v; },
                     [](Tensor v) { return std::pair{v * v, v}; },
                     [](Tensor v, Tensor ct) { return clip(ct * v, -1, 1); });
  EXPECT_TRUE(is(clipped(5.0f), {25}));
  EXPECT_TRUE(is(mg::grad(clipped)(5.0f), {1}));
  auto three = [=](Tensor v) { return clipped(v) * 3; };
  EXPECT_TRUE(is(mg::jit(mg::grad(three))(0.1f), {0.3}));
  EXPECT_TRUE(is(mg::grad(mg::grad(clipped))(0.25f), {1}));
  EXPECT_TRUE(is(mg::vmap(mg::grad(clipped))(mg::from({.25f, 5.f})), {.25, 1}));
}

TEST(CustomVjp, OfSeveralArgumentsAndIntegers) {
  const Tensor large = mg::ones({100});
  auto f = [=](Params p, Tensor n) { return sum(p.w) * n * sum(large); };
  auto mine = mg::custom_vjp(
      f, [=](Params p, Tensor n) { return std::pair{f(p, n), p}; },
      [](Params p, Tensor ct) {
        return std::tuple{Params{p.w * 0 + ct}, Tensor()};
      });
  const Params p{mg::from({1.f, 2.f})};
  EXPECT_TRUE(is(mg::grad(mine)(p, 3).w, {1, 1}));
  EXPECT_TRUE(is(mg::jit(mg::grad(mine))(p, 3).w, {1, 1}));
}

//===----------------------------------------------------------------------===//
// What goes wrong
//===----------------------------------------------------------------------===//

TEST(TransformErrors, Losses) {
  const Tensor x = mg::from({1.f, 2.f});
  const std::string vector = error_of([&] { mg::grad(cube)(x); });
  EXPECT_TRUE(has(vector, "grad: the function must return a scalar float, not "
                          "f32[2]"));
  EXPECT_TRUE(has(vector, "it is the result of multiply"));
  EXPECT_TRUE(has(vector, "help: use sum or mean, or jacobian"));
  EXPECT_TRUE(
      has(error_of([&] { mg::grad([](Tensor v) { return argmax(v, 0); })(x); }),
          "a scalar float, not i32[]"));
}

TEST(TransformErrors, Arguments) {
  auto f = [](Tensor x, Tensor n) { return sum(x) * n; };
  const Tensor x = mg::from({1.f, 2.f});
  EXPECT_TRUE(
      has(error_of([&] { mg::grad(f, mg::wrt<1>)(x, 3); }),
          "grad: argument 1 is i32[]: derivatives are taken by floats"));
  EXPECT_TRUE(has(error_of([&] { mg::hessian(f, mg::wrt<1>)(x, 3); }),
                  "argument 1 is i32[]"));
  // Both name the line of the call, not that of a tensor.
  const Tensor wrong = mg::from({1.f, 2.f, 3.f});
  auto [y, pull] = mg::vjp(cube, x);
  int line = __LINE__ + 1;
  std::string text = error_of([&, pull = pull] { pull(wrong); });
  EXPECT_TRUE(has(text, "vjp: the cotangent of f32[2] is f32[3]"));
  EXPECT_TRUE(has(text, "transforms-test.cpp:" + std::to_string(line) + ":"));
  const std::tuple at{x}, along{Tensor(1.0f)};
  line = __LINE__ + 1;
  text = error_of([&] { mg::jvp(cube, at, along); });
  EXPECT_TRUE(has(text, "jvp: the tangent of f32[2] is f32[]"));
  EXPECT_TRUE(has(text, "transforms-test.cpp:" + std::to_string(line) + ":"));
}

TEST(TransformErrors, Vmap) {
  auto f = [](Tensor a, Tensor b) { return a + b; };
  const Tensor x = mg::ones({2, 3});
  EXPECT_TRUE(has(error_of([&] { mg::vmap(f)(x, mg::ones({4})); }),
                  "vmap: mapped axes differ: '0' has 2, '1' has 4"));
  EXPECT_TRUE(has(error_of([&] { mg::vmap(f, {.in = mg::none})(x, x); }),
                  "vmap: no argument is mapped"));
  EXPECT_TRUE(has(error_of([&] { mg::vmap(f, {.in = {0, 0, 0}})(x, x); }),
                  "`.in` has 3 axes for 2 arguments"));
  EXPECT_TRUE(has(error_of([&] { mg::vmap(f, {.in = 2})(x, x); }),
                  "'0', f32[2,3], has no axis 2"));
  EXPECT_TRUE(
      has(error_of([&] { mg::vmap(f, {.out = 5})(x, x); }), "has no axis 5"));
  EXPECT_TRUE(
      has(error_of([&] { mg::vmap(f, {.out = mg::none})(x, x); }), "vmap"));
}

TEST(TransformErrors, NoDerivative) {
  // A loop without a bound has no reverse mode. The error names the loop's
  // line, then the call's, of grad or of a jitted function.
  const int line = __LINE__ + 2;
  auto f = [](Tensor x) {
    return mg::while_loop([](Tensor v) { return v > 1; },
                          [](Tensor v) { return v / 2; }, x);
  };
  const std::string place = "transforms-test.cpp:" + std::to_string(line) + ":";
  for (bool compiled : {false, true}) {
    const std::string error = error_of(
        [&] { compiled ? mg::jit(mg::grad(f))(3.0f) : mg::grad(f)(3.0f); });
    EXPECT_TRUE(has(error, "error: while: "));
    EXPECT_EQ(error.find(place), error.find("transforms-test.cpp")) << error;
    EXPECT_TRUE(has(error, "note: in the call here"));
  }
}

TEST(TransformErrors, CustomVjpCapturesAVariable) {
  auto f = [](Tensor w) {
    auto mine = mg::custom_vjp([w](Tensor x) { return w * x; },
                               [w](Tensor x) { return std::pair{w * x, x}; },
                               [w](Tensor, Tensor ct) { return ct * w; });
    return mine(2.0f);
  };
  EXPECT_TRUE(has(error_of([&] { mg::grad(f)(3.0f); }),
                  "custom_vjp: its derivative does not know f32[], which it "
                  "captures"));
}

} // namespace
