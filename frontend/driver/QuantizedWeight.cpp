//===- QuantizedWeight.cpp - a weight in 8 or 4 bits ----------------------===//
#include "frontend/driver/QuantizedWeight.h"

#include "frontend/driver/Elements.h"

#include <algorithm>
#include <cmath>

namespace mg::driver {

namespace {

/// To the nearest integer, ties to even, as the ops round.
float quantum(float value, float scale, float low, float high) {
  return std::clamp(std::nearbyint(value / scale), low, high);
}

std::int64_t sizeOf(std::span<const std::int64_t> shape) {
  std::int64_t size = 1;
  for (std::int64_t extent : shape)
    size *= extent;
  return size;
}

/// Per dimension of a row-major array, the step in the array of its scales.
std::vector<std::int64_t> scaleSteps(std::span<const std::int64_t> shape,
                                     const std::vector<int> &kept) {
  std::vector<std::int64_t> steps(shape.size(), 0);
  std::int64_t step = 1;
  for (std::size_t i = kept.size(); i-- > 0;) {
    const auto dim = static_cast<std::size_t>(kept[i]);
    steps[dim] = step;
    step *= shape[dim];
  }
  return steps;
}

/// Calls `visit` with the number of each element and that of its scale.
template <class Visit>
void forEachElement(std::span<const std::int64_t> shape,
                    const std::vector<std::int64_t> &steps, Visit visit) {
  std::vector<std::int64_t> index(shape.size(), 0);
  const std::int64_t size = sizeOf(shape);
  std::int64_t scale = 0;
  for (std::int64_t i = 0; i < size; ++i) {
    visit(static_cast<std::size_t>(i), static_cast<std::size_t>(scale));
    for (std::size_t d = shape.size(); d-- > 0;) {
      scale += steps[d];
      if (++index[d] < shape[d])
        break;
      scale -= steps[d] * shape[d];
      index[d] = 0;
    }
  }
}

template <class T> T *dataOf(const eager::Array &array) {
  return static_cast<T *>(array.view.data);
}

} // namespace

std::vector<float> toFloats(const eager::Array &array) {
  const eager::Array packed = eager::rowMajor(array);
  std::vector<float> values(static_cast<std::size_t>(packed.size()));
  withElement(packed.view.dtype, [&](auto element) {
    const auto *data = dataOf<const decltype(element)>(packed);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(data[i]);
  });
  return values;
}

QuantizedWeight quantizeToInt8(const eager::Array &weight,
                               const std::vector<int> &kept) {
  const std::vector<float> values = toFloats(weight);
  const auto steps = scaleSteps(weight.shape(), kept);
  std::vector<std::int64_t> scaleShape;
  for (int dim : kept)
    scaleShape.push_back(weight.shape()[static_cast<std::size_t>(dim)]);
  QuantizedWeight result{eager::allocate(MG_I8, weight.shape()),
                         eager::allocate(MG_F32, scaleShape)};
  auto *scales = dataOf<float>(result.scales);
  std::fill_n(scales, result.scales.size(), 0.0f);
  forEachElement(weight.shape(), steps, [&](std::size_t i, std::size_t s) {
    scales[s] = std::max(scales[s], std::fabs(values[i]));
  });
  for (std::int64_t s = 0; s < result.scales.size(); ++s)
    scales[s] = scales[s] > 0 ? scales[s] / 127 : 1;
  auto *quanta = dataOf<std::int8_t>(result.values);
  forEachElement(weight.shape(), steps, [&](std::size_t i, std::size_t s) {
    const float q = quantum(values[i], scales[s], -127, 127);
    quanta[i] = static_cast<std::int8_t>(q);
    result.signal += double(values[i]) * values[i];
    result.noise += std::pow(double(q) * scales[s] - values[i], 2);
  });
  return result;
}

QuantizedWeight quantizeToInt4(const eager::Array &weight, int first,
                               int count) {
  const std::vector<float> values = toFloats(weight);
  const auto shape = weight.shape();
  const auto begin = static_cast<std::size_t>(first),
             end = static_cast<std::size_t>(first + count);
  const std::int64_t outer = sizeOf(shape.first(begin)),
                     inner = sizeOf(shape.subspan(end)),
                     blocks =
                         sizeOf(shape.subspan(begin, end - begin)) / quantBlock;
  std::vector<std::int64_t> bytes(shape.begin(), shape.begin() + first);
  bytes.push_back(blocks);
  std::vector<std::int64_t> scaleShape = bytes;
  bytes.push_back(quantBlock / 2);
  bytes.insert(bytes.end(), shape.begin() + first + count, shape.end());
  scaleShape.insert(scaleShape.end(), shape.begin() + first + count,
                    shape.end());
  QuantizedWeight result{eager::allocate(MG_U8, bytes),
                         eager::allocate(MG_F32, scaleShape)};
  auto *packed = dataOf<std::uint8_t>(result.values);
  std::fill_n(packed, result.values.size(), std::uint8_t(0));
  for (std::int64_t block = 0; block < outer * blocks; ++block)
    for (std::int64_t n = 0; n < inner; ++n) {
      const auto element = [&](std::int64_t k) {
        return values[static_cast<std::size_t>(
            (block * quantBlock + k) * inner + n)];
      };
      float most = 0;
      for (std::int64_t k = 0; k < quantBlock; ++k)
        if (std::fabs(element(k)) > std::fabs(most))
          most = element(k);
      const float scale = most != 0 ? most / -8 : 1;
      dataOf<float>(result.scales)[block * inner + n] = scale;
      for (std::int64_t k = 0; k < quantBlock; ++k) {
        const float q = quantum(element(k), scale, -8, 7);
        const auto half = static_cast<unsigned>(q + 8);
        packed[(block * (quantBlock / 2) + k % 16) * inner + n] |=
            static_cast<std::uint8_t>(k < 16 ? half : half << 4);
        result.signal += double(element(k)) * element(k);
        result.noise += std::pow(double(q) * scale - element(k), 2);
      }
    }
  return result;
}

} // namespace mg::driver
