//===- KernelGraph.h - where the kernels of an entry are drawn ------------===//
//
// A layered drawing: a kernel stands one layer below the last one that it reads
// from, inputs above all. Inside a layer boxes are ordered by the mean place of
// what they read, a few sweeps down and up, which removes most crossings.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_KERNELGRAPH_H
#define MG_FRONTEND_DRIVER_KERNELGRAPH_H

#include <cstddef>
#include <utility>
#include <vector>

namespace mg::driver {

/// Nodes by number; every edge leads to a higher one.
struct Graph {
  std::size_t nodes = 0;
  std::vector<std::pair<std::size_t, std::size_t>> edges;
};

struct Place {
  /// Layer from above, place in it from the left.
  std::size_t layer = 0, column = 0;
};

std::vector<Place> layOut(const Graph &graph);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_KERNELGRAPH_H
