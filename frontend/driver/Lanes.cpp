//===- Lanes.cpp - where the arrays between kernels are drawn -------------===//
#include "frontend/driver/Lanes.h"

#include <algorithm>
#include <numeric>

namespace mg::driver {

static bool overlap(const Span &a, const Span &b) {
  return a.first < b.last && b.first < a.last;
}

std::vector<std::size_t> lanesOf(const std::vector<Span> &spans) {
  std::vector<std::size_t> order(spans.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(
      order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return spans[a].last - spans[a].first < spans[b].last - spans[b].first;
      });
  std::vector<std::vector<Span>> taken;
  std::vector<std::size_t> lanes(spans.size());
  for (std::size_t i : order) {
    const auto free = std::find_if(
        taken.begin(), taken.end(), [&](const std::vector<Span> &lane) {
          return std::none_of(lane.begin(), lane.end(), [&](const Span &other) {
            return overlap(spans[i], other);
          });
        });
    lanes[i] = static_cast<std::size_t>(free - taken.begin());
    if (free == taken.end())
      taken.emplace_back();
    taken[lanes[i]].push_back(spans[i]);
  }
  return lanes;
}

} // namespace mg::driver
