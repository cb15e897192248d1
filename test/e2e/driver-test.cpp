// What mgc's reports are made of.
#include "frontend/driver/Lanes.h"
#include "frontend/driver/Quantity.h"
#include "frontend/driver/Roofline.h"

#include "gtest/gtest.h"

#include <random>

namespace mg::driver {
namespace {

TEST(Lanes, HoldOneArrayAtATime) {
  std::mt19937 random(7);
  for (std::size_t count : {0, 1, 2, 10, 200}) {
    std::vector<Span> spans;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t first = random() % 50;
      spans.push_back({first, first + 1 + random() % 20});
    }
    const std::vector<std::size_t> lanes = lanesOf(spans);
    ASSERT_EQ(lanes.size(), count);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t j = 0; j < i; ++j)
        EXPECT_TRUE(lanes[i] != lanes[j] || spans[i].last <= spans[j].first ||
                    spans[j].last <= spans[i].first);
  }
}

TEST(Lanes, AChainIsOneLineAndWhatGoesAroundItStandsOutside) {
  EXPECT_EQ(lanesOf({{0, 3}, {0, 1}, {1, 2}, {2, 3}}),
            (std::vector<std::size_t>{1, 0, 0, 0}));
}

TEST(Quantity, ThreeDigitsAndAPrefix) {
  EXPECT_EQ(withPrefix(0), "0");
  EXPECT_EQ(withPrefix(37), "37");
  EXPECT_EQ(withPrefix(1000), "1.00 k");
  EXPECT_EQ(withPrefix(999.9), "1.00 k");
  EXPECT_EQ(withPrefix(12345), "12.3 k");
  EXPECT_EQ(withPrefix(2.5e9), "2.50 G");
  EXPECT_EQ(formatBytes(64), "64 B");
  EXPECT_EQ(formatBytes(1 << 20), "1.05 MB");
}

TEST(Quantity, NamesCannotBecomeTags) {
  EXPECT_EQ(escapeHtml("<a b=\"c\">&"), "&lt;a b=&quot;c&quot;&gt;&amp;");
}

TEST(Roofline, TheMedianIsInTheMiddle) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(median({}), 0);
}

} // namespace
} // namespace mg::driver
