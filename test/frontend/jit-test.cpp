// jit keeps the signature; the cache; donation; threads; captures; the same
// values as eager.
#include "dsl-check.h"

#include <atomic>
#include <thread>

namespace {

using mg::Tensor;

struct Scale {
  Tensor w;
  int power = 1;
  Tensor apply(const Tensor &x) const {
    Tensor y = x;
    for (int i = 0; i < power; ++i)
      y = y * w;
    return y;
  }
};
Tensor plus(Tensor a, const Tensor &b) { return a + b; }

TEST(Jit, KeepsTheSignature) {
  const Tensor x = mg::from({1.f, 2.f});
  auto member = mg::jit(&Scale::apply);
  EXPECT_TRUE(is(member(Scale{3.0f, 2}, x), {9, 18}));
  EXPECT_TRUE(is(member(Scale{3.0f, 1}, x), {3, 6}));
  EXPECT_EQ(member.stats().traces, 2); // a static field is in the key
  EXPECT_TRUE(is(member({{2.0f, 1}}, x), {2, 4}));
  auto pointer = mg::jit(plus);
  EXPECT_TRUE(is(pointer(x, 1.0f), {2, 3}));
  auto generic = mg::jit([](auto a, auto b) { return std::pair{a * b, a}; });
  auto [product, same] = generic(x, x);
  EXPECT_TRUE(is(product, {1, 4}));
  EXPECT_TRUE(is(same, {1, 2}));
  auto nested = mg::jit([=](Tensor v) { return pointer(v, v) * 2; });
  EXPECT_TRUE(is(nested(x), {4, 8}));
}

TEST(Jit, TracesOncePerShapeAndDtype) {
  auto f = mg::jit(plus);
  for (int n : {2, 3, 2, 3})
    EXPECT_TRUE(is(f(mg::ones({n}), 1.0f), std::vector<double>(n, 2)));
  EXPECT_EQ(f.stats().traces, 2);
  f(mg::ones({2}, mg::DType::f64), 1.0f);
  EXPECT_EQ(f.stats().traces, 3);
  EXPECT_EQ(f.stats().calls, 5);
}

TEST(Jit, Donation) {
  auto f = mg::jit(plus);
  const Tensor x = mg::from({1.f, 2.f});
  Tensor given = mg::from({7.f, 8.f}), shared = x;
  f(std::move(given), x);
  EXPECT_EQ(f.stats().donated, 1);
  f(std::move(shared), x);
  EXPECT_EQ(f.stats().donated, 1);
  EXPECT_TRUE(has(error_of([&] { given + 1; }), "given away by std::move"));
}

TEST(Jit, GivenMemoryIsReused) {
  auto f = mg::jit([](Tensor w, Tensor m, Tensor g) {
    const Tensor v = m * 0.5f + g;
    return std::tuple{w - v, v, sum(w)};
  });
  const auto fresh = [](float start) {
    return mg::arange(1000) * 1.0f + start;
  };
  const auto values = [](Tensor t) { return t.to_vector<double>(); };
  const Tensor g = fresh(3), w0 = fresh(0), m0 = fresh(1);
  const auto [w1, m1, s1] = f(w0, m0, g); // nothing given, nothing lost
  EXPECT_EQ(f.stats().in_place, 0);
  Tensor w = fresh(0), m = fresh(1);
  const void *wData = w.data(), *mData = m.data();
  const auto [w2, m2, s2] = f(std::move(w), std::move(m), g);
  EXPECT_EQ(f.stats().donated, 2);
  EXPECT_EQ(f.stats().in_place, 2);
  EXPECT_EQ(w2.data(), wData);
  EXPECT_EQ(m2.data(), mData);
  EXPECT_TRUE(is(w2, values(w1)));
  EXPECT_TRUE(is(m2, values(m1)));
  EXPECT_TRUE(is(s2, values(s1)));
  EXPECT_TRUE(is(w0, values(fresh(0)))); // as it was
  // Both are one tensor: neither is unique.
  Tensor one = fresh(5);
  f(one, std::move(one), g);
  EXPECT_EQ(f.stats().donated, 2);
}

TEST(Jit, Captures) {
  const Tensor big = mg::arange(300) * 1.0f, small = mg::from({1.f, 2.f, 3.f});
  auto f = mg::jit([=](Tensor a) { return sum(a + big) + sum(small); });
  EXPECT_TRUE(is(f(1.0f), {}, {44850 + 300 + 6}));
}

struct Optional {
  Tensor w, bias; // the bias may be missing
};
TEST(Jit, EmptyLeavesPass) {
  auto f = mg::jit([](Optional o, Tensor x) {
    Tensor y = x * o.w;
    return Optional{o.bias.empty() ? y : y + o.bias, o.bias};
  });
  const Optional without = f(Optional{2.0f, {}}, mg::ones({2}));
  EXPECT_TRUE(is(without.w, {2, 2}));
  EXPECT_TRUE(without.bias.empty());
  EXPECT_TRUE(is(f(Optional{2.0f, 1.0f}, mg::ones({2})).w, {3, 3}));
}

TEST(Jit, EightThreads) {
  auto f = mg::jit([](Tensor a) { return sum(a * a); });
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 50; ++k) {
        const int n = 1 + k % 5;
        const float got = f(mg::full({n}, float(i))).item<float>();
        good += got == float(i * i * n);
      }
    });
  for (std::thread &t : threads)
    t.join();
  EXPECT_EQ(good, 400);
  EXPECT_EQ(f.stats().traces, 5);
}

/// Each op over one operand, eager and compiled.
using Op = Tensor (*)(Tensor);
const std::pair<const char *, Op> ops[] = {
    {"arithmetic", [](Tensor x) { return (x * 2 + 1) / (x - 7) - x; }},
    {"compare", [](Tensor x) { return where(x > 0, x, -x); }},
    {"unary", [](Tensor x) { return exp(x) + tanh(x) + sqrt(abs(x)); }},
    {"sum", [](Tensor x) { return sum(x, 1); }},
    {"max", [](Tensor x) { return max(x, 0, true); }},
    {"mean", [](Tensor x) { return mean(x); }},
    {"argmax", [](Tensor x) { return argmax(x, 1); }},
    {"cumsum", [](Tensor x) { return cumsum(x, 0); }},
    {"sort", [](Tensor x) { return sort(x, 1); }},
    {"matmul", [](Tensor x) { return matmul(x, transpose(x)); }},
    {"einsum", [](Tensor x) { return einsum("ij,kj->ik", x, x); }},
    {"slice",
     [](Tensor x) {
       return x(mg::slice(1, 3), mg::slice(mg::none, mg::none, -2));
     }},
    {"set", [](Tensor x) { return x.at(1).set(0); }},
    {"gather", [](Tensor x) { return x[mg::from({2, 0})]; }},
    {"scatter", [](Tensor x) { return x.at(mg::from({2, 2})).add(1); }},
    {"pad", [](Tensor x) { return pad(x, {1, 0}, {0, 2}, 5); }},
    {"concat", [](Tensor x) { return mg::concat({x, x}, 1); }},
    {"triu", [](Tensor x) { return triu(x); }},
    {"softmax", [](Tensor x) { return softmax(x); }},
    {"logsumexp", [](Tensor x) { return logsumexp(x); }},
    {"gelu", [](Tensor x) { return gelu(x) + silu(x); }},
    {"layer_norm",
     [](Tensor x) { return layer_norm(x, mg::ones({5}), mg::zeros({5})); }},
    {"cross_entropy",
     [](Tensor x) { return cross_entropy(x, mg::from({0, 1, 2, 3})); }},
    {"convert",
     [](Tensor x) {
       return astype(astype(x, mg::DType::i32), mg::DType::f32);
     }},
    {"bf16", [](Tensor x) { return sum(astype(x, mg::DType::bf16) * 2, 1); }},
    {"random", [](Tensor x) { return x + uniform(mg::Key(3), {4, 5}); }},
};

class SameAsEager : public testing::TestWithParam<std::pair<const char *, Op>> {
};
TEST_P(SameAsEager, OnRandomInput) {
  const Op f = GetParam().second;
  const Tensor x = normal(mg::Key(11), {4, 5});
  const Tensor eager = f(x), compiled = mg::jit(f)(x);
  EXPECT_EQ(compiled.dtype(), eager.dtype());
  EXPECT_EQ(compiled.shape(), eager.shape());
  EXPECT_TRUE(near(compiled, eager.to_vector<double>(), 1e-6))
      << "eager " << eager;
}
INSTANTIATE_TEST_SUITE_P(Ops, SameAsEager, testing::ValuesIn(ops),
                         [](const auto &info) { return info.param.first; });

TEST(Memory, SmallArraysGoFromThreadToThread) {
  // Each thread drops what another one made, while that makes more.
  std::vector<Tensor> given;
  for (int round = 0; round < 20; ++round) {
    std::vector<Tensor> made;
    std::thread([&] {
      const std::vector<Tensor> dropped = std::move(given);
      for (int n = 1; n < 1500; n += 13)
        made.push_back(
            contiguous(mg::full({n}, static_cast<float>(round + n))));
      for (const Tensor &t : made) {
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(t.data()) % 64, 0);
        const float last = round + static_cast<float>(t.size());
        EXPECT_EQ(t.to_vector<float>(),
                  std::vector<float>(static_cast<std::size_t>(t.size()), last));
      }
    }).join();
    given = std::move(made);
  }
}

} // namespace
