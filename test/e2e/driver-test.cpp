// What mgc's reports are made of.
#include "frontend/driver/KernelGraph.h"
#include "frontend/driver/Quantity.h"
#include "frontend/driver/Roofline.h"

#include "gtest/gtest.h"

#include <random>
#include <set>

namespace mg::driver {
namespace {

Graph randomGraph(std::size_t nodes, std::mt19937 &random) {
  Graph graph{nodes, {}};
  for (std::size_t to = 1; to < nodes; ++to)
    for (unsigned edge = random() % 4; edge > 0; --edge)
      graph.edges.emplace_back(random() % to, to);
  return graph;
}

TEST(KernelGraph, EveryEdgeLeadsDownAndNoTwoBoxesMeet) {
  std::mt19937 random(7);
  for (std::size_t nodes : {0, 1, 2, 10, 200}) {
    const Graph graph = randomGraph(nodes, random);
    const std::vector<Place> places = layOut(graph);
    ASSERT_EQ(places.size(), nodes);
    for (auto [from, to] : graph.edges)
      EXPECT_LT(places[from].layer, places[to].layer);
    std::set<std::pair<std::size_t, std::size_t>> taken;
    for (const Place &place : places)
      EXPECT_TRUE(taken.emplace(place.layer, place.column).second);
  }
}

TEST(KernelGraph, AChainIsAColumnAndParallelChainsDoNotCross) {
  // 0 -> 2 -> 5, 1 -> 3 -> 4: the numbers cross, the drawing does not.
  const std::vector<Place> places =
      layOut({6, {{0, 2}, {1, 3}, {2, 5}, {3, 4}}});
  EXPECT_EQ(places[0].column, places[2].column);
  EXPECT_EQ(places[2].column, places[5].column);
  EXPECT_EQ(places[1].column, places[4].column);
  EXPECT_NE(places[0].column, places[1].column);
  EXPECT_EQ(places[5].layer, 2u);
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
