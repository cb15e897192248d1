// docs/promotion.md is what `promote` says; the table's laws hold.
#include "dsl-check.h"

#include <fstream>
#include <sstream>

using mg::DType;

namespace {

constexpr int count = int(DType::f64) + 1;
DType at(int i) { return static_cast<DType>(i); }

/// The page as it must be.
std::string page() {
  std::ostringstream out;
  out << "# Promotion\n\nThe dtype at which two operands meet, and a tensor "
         "and a C++ number (printed and compared by `dsl-test`).\n"
         "Arithmetic on bool is of i32, `/` and functions like `exp` take "
         "integers as f32.\n\n|";
  for (int i = 0; i < count; ++i)
    out << " | " << to_string(at(i));
  out << " | `true` | `1` | `1.5` |\n|";
  for (int i = 0; i < count + 4; ++i)
    out << "---|";
  for (int i = 0; i < count; ++i) {
    out << "\n| **" << to_string(at(i)) << "**";
    for (int k = 0; k < count; ++k)
      out << " | " << to_string(mg::promote(at(i), at(k)));
    for (auto kind :
         {mg::Number::boolean, mg::Number::integer, mg::Number::real})
      out << " | " << to_string(mg::promote(at(i), kind));
    out << " |";
  }
  out << "\n";
  return out.str();
}

TEST(Promotion, TheCommittedPageIsTheTable) {
  std::ifstream file(MG_SOURCE_DIR "/docs/promotion.md");
  std::stringstream committed;
  committed << file.rdbuf();
  EXPECT_EQ(committed.str(), page())
      << "write it anew: PROMOTION_PAGE=docs/promotion.md dsl-test";
  if (const char *path = std::getenv("PROMOTION_PAGE"))
    std::ofstream(path) << page();
}

TEST(Promotion, IsCommutativeAndKeepsEqualOnes) {
  for (int i = 0; i < count; ++i)
    for (int k = 0; k < count; ++k) {
      EXPECT_EQ(mg::promote(at(i), at(k)), mg::promote(at(k), at(i)));
      EXPECT_EQ(mg::promote(at(i), at(i)), at(i));
    }
}

TEST(Promotion, Numbers) {
  const mg::Tensor f = mg::from({1.f}), i = mg::from({1}), b = mg::from({true});
  EXPECT_EQ((f + 2).dtype(), DType::f32);
  EXPECT_EQ((f + 2.5).dtype(), DType::f32);
  EXPECT_EQ((i + 1.5).dtype(), DType::f32);
  EXPECT_EQ((i + 1).dtype(), DType::i32);
  EXPECT_EQ((b + b).dtype(), DType::i32);
  EXPECT_EQ((b | b).dtype(), DType::b1);
  EXPECT_EQ((astype(f, DType::bf16) * 2.0).dtype(), DType::bf16);
  EXPECT_EQ((astype(f, DType::f64) + f).dtype(), DType::f64);
  EXPECT_EQ((astype(i, DType::u8) + astype(i, DType::i8)).dtype(), DType::i16);
  EXPECT_EQ((i / i).dtype(), DType::f32);
  EXPECT_TRUE(has(error_of([&] { astype(i, DType::u8) + 300; }),
                  "300 is no value of u8"));
  EXPECT_EQ((astype(i, DType::i64) + 5000000000).item<std::int64_t>(),
            5000000001);
  EXPECT_EQ(mg::Tensor(5000000000).dtype(), DType::i64);
  EXPECT_EQ(mg::Tensor(~std::uint64_t(0)).item<std::uint64_t>(),
            ~std::uint64_t(0));
}

} // namespace
