// docs/autocast.md is the table; every row of it is what the op does.
#include "dsl-check.h"

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

namespace {

using namespace mg;

/// The page as it must be.
std::string page() {
  std::string narrow, full;
  for (const AutocastRule &rule : autocast_table()) {
    std::string &list = rule.is_narrow ? narrow : full;
    list += (list.empty() ? "`" : ", `") + std::string(rule.op) + "`";
  }
  return "# Autocast\n\nWhat `mg::autocast(f, dtype)` does to operands of f32, "
         "f16 and bf16 (printed and compared by `dsl-test`). f64, integers\n"
         "and bool stay; accumulators are f32.\n\n"
         "| operands become | of |\n|---|---|\n"
         "| the narrow dtype (bf16 or f16) | " +
         narrow + " |\n| f32 | " + full +
         " |\n| what they meet at ([promotion](promotion.md)) | all others |\n";
}

TEST(Autocast, TheCommittedPageIsTheTable) {
  std::ifstream file(MG_SOURCE_DIR "/docs/autocast.md");
  std::stringstream committed;
  committed << file.rdbuf();
  EXPECT_EQ(committed.str(), page())
      << "write it anew: AUTOCAST_PAGE=docs/autocast.md dsl-test";
  if (const char *path = std::getenv("AUTOCAST_PAGE"))
    std::ofstream(path) << page();
}

/// Each op of the table on operands (2, 2, 2, 2) of one dtype.
const std::map<std::string, std::function<Tensor(Tensor)>> &programs() {
  static const std::map<std::string, std::function<Tensor(Tensor)>> all{
      {"matmul", [](Tensor x) { return matmul(x, x); }},
      {"dot_general",
       [](Tensor x) {
         return dot_general(x, x, {.lhs_contract = {0}, .rhs_contract = {0}});
       }},
      {"tensordot", [](Tensor x) { return tensordot(x, x); }},
      {"einsum", [](Tensor x) { return einsum("abcd,abcd->a", x, x); }},
      {"conv", [](Tensor x) { return conv(x, x); }},
      {"scaled_dot_product_attention",
       [](Tensor x) { return scaled_dot_product_attention(x, x, x); }},
      {"sum", [](Tensor x) { return sum(x); }},
      {"prod", [](Tensor x) { return prod(x); }},
      {"mean", [](Tensor x) { return mean(x); }},
      {"var", [](Tensor x) { return var(x); }},
      {"std", [](Tensor x) { return mg::std(x); }},
      {"cumsum", [](Tensor x) { return cumsum(x, 0); }},
      {"cumprod", [](Tensor x) { return cumprod(x, 0); }},
      {"exp", [](Tensor x) { return exp(x); }},
      {"expm1", [](Tensor x) { return expm1(x); }},
      {"log", [](Tensor x) { return log(x); }},
      {"log1p", [](Tensor x) { return log1p(x); }},
      {"pow", [](Tensor x) { return pow(x, 2.5); }},
      {"rsqrt", [](Tensor x) { return rsqrt(x); }},
      {"softplus", [](Tensor x) { return softplus(x); }},
      {"log_sigmoid", [](Tensor x) { return log_sigmoid(x); }},
      {"softmax", [](Tensor x) { return softmax(x); }},
      {"log_softmax", [](Tensor x) { return log_softmax(x); }},
      {"logsumexp", [](Tensor x) { return logsumexp(x); }},
      {"layer_norm",
       [](Tensor x) { return layer_norm(x, ones({2}), ones({2})); }},
      {"rms_norm", [](Tensor x) { return rms_norm(x, ones({2})); }},
      {"batch_norm",
       [](Tensor x) { return batch_norm(x, ones({2}), ones({2})).y; }},
      {"group_norm",
       [](Tensor x) { return group_norm(x, 2, ones({2}), ones({2})); }},
      {"cross_entropy",
       [](Tensor x) { return cross_entropy(x, zeros({2, 2, 2}, DType::i32)); }},
  };
  return all;
}

TEST(Autocast, EveryRow) {
  for (const AutocastRule &rule : autocast_table()) {
    const auto found = programs().find(rule.op);
    ASSERT_NE(found, programs().end()) << rule.op;
    for (DType narrow : {DType::bf16, DType::f16})
      for (DType given : {DType::f32, narrow}) {
        const Tensor x = full({2, 2, 2, 2}, 0.5, given);
        auto f = autocast(found->second, narrow);
        const DType want = rule.is_narrow ? narrow : DType::f32;
        EXPECT_EQ(f(x).dtype(), want) << rule.op;
        if (narrow == DType::bf16)
          EXPECT_EQ(jit(f)(x).dtype(), want) << rule.op;
        EXPECT_EQ(found->second(x).dtype(), given) << rule.op; // over again
      }
    EXPECT_EQ(
        autocast(found->second)(full({2, 2, 2, 2}, 0.5, DType::f64)).dtype(),
        DType::f64)
        << rule.op;
  }
}

TEST(Autocast, RoundsOperandsAndSumsInF32) {
  // 1 + 2^-9 is 1 in bf16; 300 ones are not 256.
  const Tensor ones = full({1, 300}, 1 + 0x1p-9);
  auto f = autocast([](Tensor x) { return matmul(x, transpose(x)); });
  EXPECT_TRUE(is(f(ones), {300}));
}

TEST(Autocast, LayersStayNarrowAndParametersWide) {
  const auto layer = nn::Linear::init(Key(1), 4, 3);
  const Tensor x = ones({2, 4});
  EXPECT_EQ(
      autocast([](nn::Linear l, Tensor x) { return l(x); })(layer, x).dtype(),
      DType::bf16);
  EXPECT_EQ(layer.w.dtype(), DType::f32);
}

TEST(Autocast, NestsAndIsPartOfTheKey) {
  auto product = jit([](Tensor x) { return matmul(x, x); });
  const Tensor x = ones({2, 2});
  EXPECT_EQ(product(x).dtype(), DType::f32);
  EXPECT_EQ(autocast(product)(x).dtype(), DType::bf16);
  EXPECT_EQ(autocast(product, DType::f16)(x).dtype(), DType::f16);
  EXPECT_EQ(product(x).dtype(), DType::f32);
  EXPECT_EQ(product.stats().traces, 3);
  auto off = autocast([](Tensor x) {
    return autocast([](Tensor y) { return matmul(y, y); }, DType::f32)(x);
  });
  EXPECT_EQ(off(x).dtype(), DType::f32);
}

TEST(Autocast, Errors) {
  EXPECT_TRUE(has(
      error_of([] { autocast([](Tensor x) { return x; }, DType::f64)(1.0f); }),
      "autocast: to f64: only f16 and bf16 are narrow"));
  // An error inside leaves no policy behind.
  const Tensor x = ones({2, 3});
  error_of([&] { autocast([](Tensor x) { return matmul(x, x); })(x); });
  EXPECT_EQ(matmul(x, transpose(x)).dtype(), DType::f32);
}

} // namespace
