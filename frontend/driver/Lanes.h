//===- Lanes.h - where the arrays between kernels are drawn ---------------===//
//
// Kernels stand below one another in the order of the call. An array is a line
// beside them, from the kernel that writes it to the last one that reads it:
//
//     o       kernel 0        o kernel 0, read by 1 and 3
//     o |     kernel 1        |
//     | o     kernel 2        a lane holds one array at a time, and a short
//     o       kernel 3        one stands nearer to the kernels
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_LANES_H
#define MG_FRONTEND_DRIVER_LANES_H

#include <cstddef>
#include <vector>

namespace mg::driver {

/// Rows from the writer to the last reader, first < last.
struct Span {
  std::size_t first, last;
};

/// A lane for each span, 0 nearest to the rows. Spans of one lane share a row
/// at most where one ends and the next begins.
std::vector<std::size_t> lanesOf(const std::vector<Span> &spans);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_LANES_H
