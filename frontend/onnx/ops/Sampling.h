//===- Sampling.h - elements between elements -----------------------------===//
#ifndef MG_FRONTEND_ONNX_OPS_SAMPLING_H
#define MG_FRONTEND_ONNX_OPS_SAMPLING_H

#include "frontend/onnx/Operators.h"

namespace mg::onnx {

enum class Interpolation : std::uint8_t { nearest, linear, cubic };
/// What lies outside of x: zeros, the nearest element, or x mirrored, at the
/// centres of its first and last elements or at their outer edges.
enum class Outside : std::uint8_t { zero, border, centers, edges };

/// x (b, c, space..) at p places for each of b: `at` has one coordinate (b, p)
/// for each dimension of space, in elements. (b, c, p), in the dtype of x.
Tensor sample(const Tensor &x, const std::vector<Tensor> &at,
              Interpolation interpolation, Outside outside);

/// The terms whose sum a linear interpolation is: for each corner of the cell
/// around a place the element there times its weight. Place p lies in example
/// `batch` (p) of x (n, c, space..), at coordinates `at` (p) within x; (c, p).
std::vector<Tensor> linearTerms(const Tensor &x, const Tensor &batch,
                                const std::vector<Tensor> &at);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_OPS_SAMPLING_H
