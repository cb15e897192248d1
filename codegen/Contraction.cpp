//===- Contraction.cpp - the register tile of a dot or convolution --------===//
//
// c[m,n] += a[m,k] * b[k,n]: the lanes run along n, where b and c are
// contiguous; `rows` of m reuse each vector of b, `vecs` vectors of n reuse
// each broadcast of a, and all rows * vecs sums stay in registers over the
// whole of k. In a convolution n is the image's last dimension and m the output
// channel.
//
//===----------------------------------------------------------------------===//
#include "codegen/VectorPlan.h"

using namespace mlir;

namespace mg::codegen {

/// More rows of a matrix whose stride is a multiple of 4 KiB share too few sets
/// of an 8-way L1 (measured: 14 rows 88 GF/s, 6 to 8 rows 109 to 116).
static constexpr int64_t maxRows = 8;
/// Sums in flight that hide the latency of an FMA: 4 cycles, 2 per cycle.
static constexpr int64_t minSums = 8;

/// Cycles for all tiles of a rows x vecs register tile over m x n vectors, per
/// step of k: FMAs, loads, or the latency.
static double tileCost(int64_t m, int64_t n, int64_t rows, int64_t vecs) {
  auto one = [](int64_t r, int64_t v) {
    if (r == 0 || v == 0)
      return 0.0;
    return std::max({double(r * v), double(r + v), double(minSums)}) / 2 + 0.25;
  };
  return double(m / rows) * (n / vecs) * one(rows, vecs) +
         double(m / rows) * one(rows, n % vecs) +
         double(n / vecs) * one(m % rows, vecs) + one(m % rows, n % vecs);
}

/// The parallel loop whose rows share the vectors: one operand moves along it,
/// the one with the lanes does not.
static int chooseRowLoop(const LoopNest &nest, int vector) {
  int choice = -1;
  for (unsigned d = 0; d < nest.size(); ++d) {
    if (nest.reduction[d] || int(d) == vector)
      continue;
    bool shared = llvm::all_of(nest.inputs, [&](const Access &access) {
      return access.isLinear() &&
             (!access.strides[d] || !access.strides[vector]);
    });
    if (shared && (choice < 0 || nest.extents[d] > nest.extents[choice]))
      choice = d;
  }
  return choice;
}

void planContraction(const LoopNest &nest, int64_t nativeLanes,
                     VectorPlan &plan) {
  if (plan.isRowStyle())
    return;
  plan.row = chooseRowLoop(nest, plan.vector);
  int64_t m = plan.row < 0 ? 1 : nest.extents[plan.row];
  int64_t n = llvm::divideCeil(nest.extents[plan.vector], plan.lanes);
  int64_t registers = nativeLanes == 16 ? 32 : 16;
  double best = std::numeric_limits<double>::infinity();
  for (int64_t rows = 1; rows <= std::min(m, maxRows); ++rows)
    for (int64_t vecs = 1; vecs <= std::min(n, minSums); ++vecs) {
      if (rows * vecs + vecs + 1 > registers)
        continue;
      double cost = tileCost(m, n, rows, vecs);
      if (cost < best) {
        best = cost;
        plan.rows = rows;
        plan.vecs = vecs;
      }
    }
  // Columns outside rows: a panel of b stays in the cache for all rows.
  llvm::erase(plan.parallel, unsigned(plan.vector));
  plan.parallel.push_back(plan.vector);
  if (plan.row >= 0) {
    llvm::erase(plan.parallel, unsigned(plan.row));
    plan.parallel.push_back(plan.row);
  }
}

} // namespace mg::codegen
