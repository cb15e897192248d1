// Composites with a rule of their own: what their functions capture, and what
// is refused.
#include "frontend/dsl/Emit.h"

#include "mlir/IR/Verifier.h"

#include "dsl-check.h"

namespace {

using mg::Tensor;
using mg::detail::composite;
using mg::detail::compositeAll;
using mg::detail::Scope;
using mg::detail::Tensors;

/// The text of a module whose entry, of an f32[3], is `body`; verified.
std::string traced(const mg::detail::Trace::Body &body) {
  const mg::Where where = mg::Where::current();
  mg::detail::Trace trace("test", where);
  trace.function("main", true, {mg::spec({3})}, {"argument 'x'"}, where, body);
  EXPECT_TRUE(mlir::succeeded(mlir::verify(trace.module())));
  std::string text;
  llvm::raw_string_ostream out(text);
  trace.module().print(out);
  return text;
}

Tensors squared(const Tensors &in) { return {in[0] * in[0]}; }
Tensors squaredForward(const Tensors &in) { return {in[0] * in[0], in[0]}; }
Tensors squaredBackward(const Tensors &in) { return {in[0] * in[1] * 2}; }

TEST(CompositeRule, IsKeptBesideTheBody) {
  const std::string text = traced([](const Tensors &in) -> Tensors {
    const Scope scope("mine", mg::Where::current());
    return {
        composite("mine", in, {}, squared, {squaredForward, squaredBackward})};
  });
  EXPECT_TRUE(has(text, "mg.composite \"mine\""));
  EXPECT_TRUE(has(text, "rule @mine.forward.1, @mine.backward.2"));
}

TEST(CompositeRule, FunctionsShareTheirCaptures) {
  const Tensor a = mg::arange(20) + 0.5f, b = mg::arange(21) + 0.5f,
               c = mg::arange(22);
  const std::string text = traced([&](const Tensors &in) -> Tensors {
    const Scope scope("mine", mg::Where::current());
    auto body = [&](const Tensors &x) -> Tensors {
      return {x[0] * sum(a), sum(c)};
    };
    auto forward = [&](const Tensors &x) -> Tensors {
      return {x[0] * sum(a) + 0 * sum(b), sum(c), x[0], sum(b)};
    };
    // The residuals, then the cotangent of the float.
    auto backward = [&](const Tensors &x) -> Tensors {
      return {x[2] * sum(a) + x[1] * 0 + sum(c) * 0};
    };
    return compositeAll("mine", in, {}, body, {forward, backward});
  });
  EXPECT_TRUE(has(text, "tensor<3xf32>, tensor<20xf32>, tensor<22xi32>, "
                        "tensor<21xf32>) -> (tensor<3xf32>, tensor<i32>)"));
}

TEST(CompositeRule, RefusesWhatDoesNotFit) {
  auto of = [](mg::detail::Rule rule) {
    return error_of([&] {
      traced([&](const Tensors &in) -> Tensors {
        const Scope scope("mine", mg::Where::current());
        return {composite("mine", in, {}, squared, rule)};
      });
    });
  };
  EXPECT_TRUE(has(of({squared, [](const Tensors &) { return Tensors(); }}),
                  "mine: its derivative returns 0 cotangents, not 1"));
  EXPECT_TRUE(
      has(of({[](const Tensors &in) { return Tensors{sum(in[0])}; }, squared}),
          "its derivative returns a f32[] for results of f32[3]"));
  EXPECT_TRUE(has(of({[](const Tensors &) { return Tensors(); }, squared}),
                  "forward returns too few results"));
}

TEST(CompositeRule, ACapturedVariableIsRefused) {
  auto with = [](auto held) {
    return error_of([&] {
      traced([&](const Tensors &in) -> Tensors {
        const Tensor w = held(in[0] * 2);
        const Scope scope("mine", mg::Where::current());
        return {composite(
            "mine", in, {}, [&](const Tensors &x) { return Tensors{x[0] * w}; },
            {[&](const Tensors &x) { return Tensors{x[0] * w}; },
             [&](const Tensors &x) { return Tensors{x[0] * w}; }})};
      });
    });
  };
  const std::string error = with([](Tensor t) { return t; });
  EXPECT_TRUE(has(error, "mine: its derivative does not know f32[3], which it "
                         "captures"));
  EXPECT_TRUE(has(error, "it is the result of"));
}

} // namespace
