// Loops whose bodies are functions here: which become scans, which are written
// out, which ask their condition. And masks that a softmax may compute.
#include "frontend/onnx/Operators.h"
#include "mg/mg.h"

#include <gtest/gtest.h>

#include <limits>

namespace mg::onnx::test {
namespace {

using Values = std::vector<double>;
using Body = std::function<Tensors(const Tensors &)>;

/// Runs `body` for any graph.
struct BodyHost : Host {
  Body body;
  int runs = 0;
  Tensor tensor(const TensorData &) override {
    throw std::logic_error("no tensor");
  }
  Tensors run(const Graph &, const Tensors &inputs) override {
    ++runs;
    return body(inputs);
  }
};

/// A Loop with one carried value and `stacks` scan outputs.
struct Loop {
  Body body;
  std::size_t stacks = 0;
  int runs = 0;

  Tensors operator()(const Tensors &inputs) {
    auto graph = std::make_shared<Graph>();
    graph->inputs.resize(3);
    graph->outputs.resize(2 + stacks);
    graph->nodes.resize(20);
    Node node{.op = "Loop",
              .outputs = Strings(1 + stacks, "y"),
              .attributes = {{.name = "body", .graph = graph}}};
    BodyHost host;
    host.body = body;
    const Tensors results =
        findOperator("", "Loop", 24)->function({node, 24, inputs, host});
    runs = host.runs;
    return results;
  }
  /// Compiled, with a carried value that nobody knows before.
  Tensors compiled(const Tensor &trips, const Tensor &condition,
                   const Tensor &x) {
    return jit([&](Tensor x) { return (*this)({trips, condition, x}); })(x);
  }
};

Tensor count(std::int64_t n) { return full({}, n, DType::i64); }

/// x + trip, and the same stacked.
Tensors addTrip(const Tensors &in) {
  EXPECT_EQ(in[0].dtype(), DType::i64);
  const Tensor y = in[2] + astype(in[0], DType::f32);
  return {in[1], y, y};
}

TEST(Loop, OfKnownTripsIsAScan) {
  Loop loop{addTrip, 1};
  const Tensor x = from({1.f, 2.f});
  const Values last{191, 192};
  EXPECT_EQ(loop({count(20), {}, x})[0].to_vector<double>(), last);
  EXPECT_EQ(loop.runs, 20);
  const Tensors results = loop.compiled(count(20), Tensor(true), x);
  EXPECT_EQ(loop.runs, 1);
  EXPECT_EQ(results[0].to_vector<double>(), last);
  EXPECT_EQ(results[1].shape(), (Shape{20, 2}));
  EXPECT_EQ(results[1][2].to_vector<double>(), (Values{4, 5}));
}

TEST(Loop, WithoutATripHasEmptyStacks) {
  Loop loop{addTrip, 1};
  const Tensor x = from({1.f, 2.f});
  for (const Tensors &results :
       {loop({count(0), {}, x}), loop({count(9), Tensor(false), x}),
        loop.compiled(count(0), {}, x)}) {
    EXPECT_EQ(results[0].to_vector<double>(), (Values{1, 2}));
    EXPECT_EQ(results[1].shape(), (Shape{0, 2}));
  }
}

TEST(Loop, WhoseStateGrowsIsWrittenOut) {
  Loop loop{[](const Tensors &in) -> Tensors {
    const Tensor last = astype(reshape(in[0], {1}), DType::f32);
    EXPECT_EQ(in[0].dtype(), DType::i64);
    return {in[1], concat({in[2], last})};
  }};
  const Values grown{7, 0, 1, 2};
  EXPECT_EQ(loop({count(3), {}, from({7.f})})[0].to_vector<double>(), grown);
  EXPECT_EQ(loop.compiled(count(3), {}, from({7.f}))[0].to_vector<double>(),
            grown);
}

TEST(Loop, ThatAsksItsConditionIsAWhile) {
  Loop loop{[](const Tensors &in) -> Tensors {
    return {in[2] * 2 < 100.0f, in[2] * 2};
  }};
  const Tensor x(3.0f);
  EXPECT_EQ(loop({{}, Tensor(true), x})[0].item<float>(), 192);
  EXPECT_EQ(loop.compiled({}, Tensor(true), x)[0].item<float>(), 192);
  EXPECT_EQ(loop.compiled(count(2), Tensor(true), x)[0].item<float>(), 12);
}

TEST(Loop, OfUnknownTripsHasNoStacks) {
  Loop loop{addTrip, 1};
  auto run = jit([&](Tensor trips) { return loop({trips, {}, from({1.f})}); });
  try {
    run(count(3));
    ADD_FAILURE() << "no error";
  } catch (const NodeError &error) {
    EXPECT_EQ(error.status, MG_ERROR_UNSUPPORTED);
  }
  Loop plain{[](const Tensors &in) -> Tensors { return {in[1], in[2] * 2}; }};
  auto whole =
      jit([&](Tensor trips) { return plain({trips, {}, from({1.f})}); });
  EXPECT_EQ(whole(count(3))[0].item<float>(), 8);
}

//===----------------------------------------------------------------------===//
// Causal masks
//===----------------------------------------------------------------------===//

constexpr float lowest = std::numeric_limits<float>::lowest();

/// (queries, keys): 0 where the key is at most the query plus `offset`.
Tensor causal(std::int64_t queries, std::int64_t keys, std::int64_t offset,
              float out = lowest) {
  const Tensor allowed =
      iota({1, keys}, 1) <=
      iota({queries, 1}, 0) + static_cast<std::int32_t>(offset);
  return where(allowed, 0.0f, out);
}

void expectClose(const Tensor &y, const Tensor &want) {
  EXPECT_LE(max(abs(y - want)).item<float>(), 1e-6f);
}

/// Whether the softmax of scores + `mask` is computed of the indices; it must
/// be the same.
bool isSeen(const Tensor &scores, const Tensor &mask) {
  bool isOther = false;
  auto f = [&](Tensor x) {
    CausalMasks masks;
    const Tensor sum = mask + x;
    masks.noteSum(sum, mask, x);
    const auto seen = masks.softmax(sum);
    isOther = seen.has_value();
    return isOther ? *seen : softmax(sum);
  };
  expectClose(jit(f)(scores), softmax(scores + mask));
  return isOther;
}

TEST(CausalMasks, AreSeenInSums) {
  const Tensor scores = normal(Key(1), {2, 3, 5, 7}) * 9;
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(isSeen(scores, causal(5, 7, 0)));
  EXPECT_TRUE(isSeen(scores, causal(5, 7, 0, -infinity)));
  EXPECT_TRUE(isSeen(scores, reshape(causal(5, 7, 2), {1, 1, 5, 7})));
}

TEST(CausalMasks, OthersAreLeftAlone) {
  const Tensor scores = normal(Key(1), {2, 3, 5, 7});
  EXPECT_FALSE(isSeen(scores, causal(5, 7, 0, -1e4f)));
  EXPECT_FALSE(isSeen(scores, causal(5, 7, 7)));
  EXPECT_FALSE(isSeen(scores, causal(5, 7, 0).at(0, 3).set(0.0f)));
  EXPECT_FALSE(isSeen(scores, causal(5, 7, 0).at(4, 0).set(lowest)));
  EXPECT_FALSE(isSeen(scores, causal(5, 7, 0).at(4, 0).set(1.0f)));
  // Queries that may look at nothing.
  EXPECT_FALSE(isSeen(scores, causal(5, 7, -1)));
  EXPECT_FALSE(isSeen(
      scores, stack({causal(5, 7, 0), causal(5, 7, 1), causal(5, 7, 2)})));
}

TEST(CausalMasks, AreSeenInChoices) {
  const Tensor allowed = causal(5, 7, 0) == 0, masked = !allowed;
  const Tensor scores = normal(Key(1), {3, 5, 7});
  for (const bool isTurned : {false, true})
    for (const float out : {lowest, -1e4f}) {
      bool isOther = false;
      auto f = [&](Tensor x) {
        CausalMasks masks;
        const Tensor &condition = isTurned ? masked : allowed;
        const Tensor a = isTurned ? Tensor(out) : x;
        const Tensor b = isTurned ? x : Tensor(out);
        const Tensor chosen = where(condition, a, b);
        masks.noteChoice(chosen, condition, a, b);
        const auto seen = masks.softmax(chosen);
        isOther = seen.has_value();
        return isOther ? *seen : softmax(chosen);
      };
      expectClose(jit(f)(scores), softmax(where(allowed, scores, out)));
      EXPECT_EQ(isOther, out == lowest);
    }
}

} // namespace
} // namespace mg::onnx::test
