//===- Signal.cpp - Fourier transforms and what belongs to them -----------===//
#include "frontend/onnx/Operators.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

namespace mg::onnx {

namespace {

constexpr double pi = std::numbers::pi;

DType wideOf(const Tensor &x) {
  return x.dtype() == DType::f64 ? DType::f64 : DType::f32;
}

//===----------------------------------------------------------------------===//
// The transform: a length a b is a transform of length a of each b-th element,
// turned by a factor each, and one of length b of those (Cooley and Tukey); one
// that is prime or short is a product with a matrix.
//===----------------------------------------------------------------------===//

struct Complex {
  Tensor re, im; // im is empty: 0
};

/// exp(sign 2 pi i j k / n) for j, k below `rows` and `columns`.
Complex roots(std::int64_t rows, std::int64_t columns, std::int64_t n, int sign,
              DType dtype) {
  std::vector<double> re, im;
  for (std::int64_t j = 0; j < rows; ++j)
    for (std::int64_t k = 0; k < columns; ++k) {
      const double turn =
          static_cast<double>(j * k % n) / static_cast<double>(n);
      re.push_back(std::cos(2 * pi * turn));
      im.push_back(sign * std::sin(2 * pi * turn));
    }
  return {astype(from(re, {rows, columns}), dtype),
          astype(from(im, {rows, columns}), dtype)};
}

template <class F>
Complex product(const Complex &x, const Complex &y, const F &times) {
  if (x.im.empty())
    return {times(x.re, y.re), times(x.re, y.im)};
  return {times(x.re, y.re) - times(x.im, y.im),
          times(x.re, y.im) + times(x.im, y.re)};
}

template <class F> Complex each(const Complex &x, const F &f) {
  return {f(x.re), x.im.empty() ? Tensor() : f(x.im)};
}

/// The largest factor of n that is at most its root.
std::int64_t middleFactor(std::int64_t n) {
  auto factor = static_cast<std::int64_t>(std::sqrt(static_cast<double>(n)));
  while (n % factor != 0)
    --factor;
  return factor;
}

/// Along the last axis.
Complex transform(const Call &call, const Complex &x, int sign) {
  const std::int64_t n = x.re.size(-1);
  const DType dtype = x.re.dtype();
  const std::int64_t a = n <= 32 ? 1 : middleFactor(n);
  if (a == 1 && n > 4096)
    call.unsupported(fmt::format("a transform of the prime length {}", n));
  if (a == 1)
    return product(
        x, roots(n, n, n, sign, dtype),
        [](const Tensor &s, const Tensor &t) { return matmul(s, t); });
  const std::int64_t b = n / a;
  Shape batch(x.re.shape().begin(), x.re.shape().end() - 1);
  Shape split = batch;
  split.insert(split.end(), {a, b});
  // Element j b + k: over j first, at each k.
  const Complex inner =
      transform(call,
                each(x,
                     [&](const Tensor &t) {
                       return swapaxes(reshape(t, split), -1, -2);
                     }),
                sign); // (.., k, frequency of j)
  const Complex turned =
      product(inner, roots(b, a, n, sign, dtype),
              [](const Tensor &s, const Tensor &t) { return s * t; });
  const Complex outer = transform(
      call, each(turned, [](const Tensor &t) { return swapaxes(t, -1, -2); }),
      sign); // (.., frequency of j, frequency of k)
  batch.push_back(n);
  return each(outer, [&](const Tensor &t) {
    return reshape(swapaxes(t, -1, -2), batch);
  });
}

/// x (.., 1 or 2) along its second last axis, which already has the length of
/// the transform.
Complex partsOf(const Call &call, const Tensor &x) {
  if (x.rank() < 2 || x.size(-1) < 1 || x.size(-1) > 2)
    call.fail("numbers of 1 or 2 parts in the last dimension are wanted, not " +
              type_string(x));
  const Tensor wide = astype(x, wideOf(x));
  return {wide(ellipsis, 0),
          x.size(-1) == 2 ? Tensor(wide(ellipsis, 1)) : Tensor()};
}

/// The last axis cut or padded with zeros to `length`.
Tensor withLength(const Tensor &t, std::int64_t length) {
  Shape low(t.shape().size(), 0), high = low;
  high.back() = length - t.shape().back();
  return high.back() == 0 ? t : pad(t, low, high);
}

Tensor joined(const Complex &x) {
  return stack({x.re, x.im.empty() ? zeros_like(x.re) : x.im}, -1);
}

std::int64_t lengthOf(const Call &call, std::int64_t length) {
  if (length < 1 || length > std::int64_t(1) << 24)
    call.fail(fmt::format("a transform of length {}", length));
  return length;
}

/// Only the first half of a real signal's frequencies says anything new: the
/// others are the conjugates of the first ones, backwards.
Complex withConjugates(const Complex &half, std::int64_t length) {
  auto whole = [&](const Tensor &t, double sign) {
    const std::int64_t rest = length - length / 2 - 1;
    const Tensor first = withLength(t, length / 2 + 1);
    return concat({first, flip(first(ellipsis, slice(1, rest + 1)), -1) * sign},
                  -1);
  };
  return {whole(half.re, 1), half.im.empty() ? Tensor() : whole(half.im, -1)};
}

/// From one-sided frequencies back to a real signal: numpy's irfft.
Tensor realSignal(const Call &call, const Complex &half, std::int64_t length) {
  Complex whole = withConjugates(half, length);
  const Complex signal = transform(call, whole, +1);
  return expand_dims(signal.re / static_cast<double>(length), -1);
}

Tensors dft(const Call &call, std::int64_t axis) {
  const Tensor &x = call[0];
  const bool inverse = call.flag("inverse"), half = call.flag("onesided");
  const int along = call.axis(axis, x.rank());
  if (along == x.rank() - 1)
    call.fail("the last dimension holds the parts of a number");
  const Complex parts = each(partsOf(call, x), [&](const Tensor &t) {
    return moveaxis(t, along, -1);
  });
  const std::int64_t given = x.shape()[static_cast<std::size_t>(along)];
  const std::int64_t length = lengthOf(
      call, call.has(1)       ? call.integer(1, "the length of the transform")
            : inverse && half ? 2 * (given - 1)
                              : given);
  if (half && !inverse && !parts.im.empty())
    call.fail("one-sided frequencies of a complex signal");
  Tensor y;
  if (half && inverse) {
    y = realSignal(call, parts, length);
  } else {
    Complex result = transform(
        call,
        each(parts, [&](const Tensor &t) { return withLength(t, length); }),
        inverse ? +1 : -1);
    if (inverse)
      result = each(result, [&](const Tensor &t) {
        return t / static_cast<double>(length);
      });
    y = joined(result);
    if (half)
      y = y(ellipsis, slice(0, length / 2 + 1), all);
  }
  return {astype(moveaxis(y, -2, along), x.dtype())};
}

/// Version 17: the axis is an attribute.
Tensors dftWithAttribute(const Call &call) {
  return dft(call, call.integer("axis", 1));
}

Tensors dftWithOperand(const Call &call) {
  return dft(call, call.has(2) ? call.integer(2, "the axis") : -2);
}

/// Signal (n, length, 1 or 2) -> (n, frames, frequencies, 2).
Tensors stft(const Call &call) {
  const Tensor &signal = call[0];
  if (signal.rank() != 3)
    call.fail("a signal (n, length, 1 or 2) is wanted, not " +
              type_string(signal));
  const std::int64_t step = call.integer(1, "the step of frames");
  const Tensor window = call.optional(2);
  const std::int64_t length = call.has(3)
                                  ? call.integer(3, "the length of frames")
                              : call.has(2) ? window.size()
                                            : signal.size(1);
  if (step < 1 || lengthOf(call, length) > signal.size(1))
    call.fail(fmt::format("frames of {} every {} of {}", length, step,
                          type_string(signal)));
  const Complex parts = partsOf(call, signal);
  if (call.flag("onesided", true) && !parts.im.empty())
    call.fail("one-sided frequencies of a complex signal");
  const Complex frames = each(parts, [&](const Tensor &t) {
    const Tensor seen = unfold(t, {{1}, {length}, {step}});
    return window.empty() ? seen : seen * astype(window, t.dtype());
  });
  Tensor y = joined(transform(call, frames, -1));
  if (call.flag("onesided", true))
    y = y(ellipsis, slice(0, length / 2 + 1), all);
  return {astype(y, signal.dtype())};
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// a - b cos(2 pi t) + c cos(4 pi t), t from 0 to 1.
Tensors cosineWindow(const Call &call, double a, double b, double c) {
  const std::int64_t size = call.integer(0, "the size of the window");
  if (size < 0 || size > std::int64_t(1) << 24)
    call.fail(fmt::format("a window of size {}", size));
  const bool periodic = call.flag("periodic", true);
  const auto last = static_cast<double>(periodic ? size : size - 1);
  std::vector<double> window;
  for (std::int64_t i = 0; i < size; ++i) {
    const double t = last == 0 ? 0.5 : static_cast<double>(i) / last;
    window.push_back(a - b * std::cos(2 * pi * t) + c * std::cos(4 * pi * t));
  }
  return {astype(from(window), call.dtype("output_datatype", DType::f32))};
}

Tensors hann(const Call &call) { return cosineWindow(call, 0.5, 0.5, 0); }
Tensors hamming(const Call &call) {
  return cosineWindow(call, 25.0 / 46, 21.0 / 46, 0);
}
Tensors blackman(const Call &call) {
  return cosineWindow(call, 0.42, 0.5, 0.08);
}

/// The frequency bin of each edge of the triangles, which lie evenly on the mel
/// scale.
std::vector<std::int64_t> melEdges(const Call &call, std::int64_t count,
                                   std::int64_t length) {
  const double rate = call.number(2, "the sample rate");
  auto toMel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  auto toHertz = [](double mel) {
    return 700 * (std::pow(10, mel / 2595) - 1);
  };
  const double low = toMel(call.number(3, "the lower edge"));
  const double high = toMel(call.number(4, "the upper edge"));
  std::vector<std::int64_t> edges;
  for (std::int64_t i = 0; i < count + 2; ++i) {
    const double mel = low + static_cast<double>(i) * (high - low) /
                                 static_cast<double>(count + 2);
    const double bin =
        std::floor(static_cast<double>(length + 1) * toHertz(mel) / rate);
    if (!(bin >= 0 && bin <= static_cast<double>(length / 2)))
      call.fail("an edge lies outside of the spectrum");
    edges.push_back(static_cast<std::int64_t>(bin));
  }
  return edges;
}

Tensors melWeights(const Call &call) {
  const std::int64_t count = call.integer(0, "the number of bands");
  const std::int64_t length = lengthOf(call, call.integer(1, "the length"));
  if (count < 1 || count > std::int64_t(1) << 20)
    call.fail(fmt::format("{} bands", count));
  const std::int64_t bins = length / 2 + 1;
  const std::vector<std::int64_t> edges = melEdges(call, count, length);
  std::vector<double> weights(static_cast<std::size_t>(bins * count), 0.0);
  for (std::int64_t band = 0; band < count; ++band) {
    const auto *edge = &edges[static_cast<std::size_t>(band)];
    auto set = [&](std::int64_t bin, std::int64_t part, std::int64_t of) {
      weights[static_cast<std::size_t>(bin * count + band)] =
          static_cast<double>(part) / static_cast<double>(of);
    };
    for (std::int64_t bin = edge[0]; bin < edge[1]; ++bin)
      set(bin, bin - edge[0], edge[1] - edge[0]);
    set(edge[1], 1, 1);
    for (std::int64_t bin = edge[1] + 1; bin < edge[2]; ++bin)
      set(bin, edge[2] - bin, edge[2] - edge[1]);
  }
  return {astype(from(weights, {bins, count}),
                 call.dtype("output_datatype", DType::f32))};
}

} // namespace

static constexpr Definition table[] = {{"", "DFT", 17, dftWithAttribute},
                                       {"", "DFT", 20, dftWithOperand},
                                       {"", "STFT", 17, stft},
                                       {"", "HannWindow", 17, hann},
                                       {"", "HammingWindow", 17, hamming},
                                       {"", "BlackmanWindow", 17, blackman},
                                       {"", "MelWeightMatrix", 17, melWeights}};

Family families::signal() { return table; }

} // namespace mg::onnx
