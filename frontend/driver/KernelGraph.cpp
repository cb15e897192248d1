//===- KernelGraph.cpp - where the kernels of an entry are drawn ----------===//
#include "frontend/driver/KernelGraph.h"

#include <algorithm>

namespace mg::driver {

namespace {

using Neighbours = std::vector<std::vector<std::size_t>>;

/// Orders each layer by the mean column of the nodes' neighbours; those
/// without keep theirs.
void sweep(std::vector<std::vector<std::size_t>> &layers,
           std::vector<Place> &places, const Neighbours &neighbours) {
  for (auto &layer : layers) {
    const auto wish = [&](std::size_t node) {
      const auto &others = neighbours[node];
      if (others.empty())
        return static_cast<double>(places[node].column);
      double sum = 0;
      for (std::size_t other : others)
        sum += static_cast<double>(places[other].column);
      return sum / static_cast<double>(others.size());
    };
    std::vector<std::pair<double, std::size_t>> wishes;
    for (std::size_t node : layer)
      wishes.emplace_back(wish(node), places[node].column);
    const std::vector<std::size_t> old = layer;
    std::sort(wishes.begin(), wishes.end());
    for (std::size_t i = 0; i < layer.size(); ++i)
      layer[i] = old[wishes[i].second];
    for (std::size_t i = 0; i < layer.size(); ++i)
      places[layer[i]].column = i;
  }
}

} // namespace

std::vector<Place> layOut(const Graph &graph) {
  std::vector<Place> places(graph.nodes);
  Neighbours above(graph.nodes), below(graph.nodes);
  for (auto [from, to] : graph.edges) {
    above[to].push_back(from);
    below[from].push_back(to);
  }
  std::vector<std::vector<std::size_t>> layers;
  for (std::size_t node = 0; node < graph.nodes; ++node) {
    for (std::size_t from : above[node])
      places[node].layer = std::max(places[node].layer, places[from].layer + 1);
    layers.resize(std::max(layers.size(), places[node].layer + 1));
    places[node].column = layers[places[node].layer].size();
    layers[places[node].layer].push_back(node);
  }
  constexpr int sweeps = 4;
  for (int i = 0; i < sweeps; ++i)
    sweep(layers, places, i % 2 ? below : above);
  return places;
}

} // namespace mg::driver
