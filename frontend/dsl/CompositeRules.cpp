//===- CompositeRules.cpp - derivatives of composites, by hand ------------===//
//
// Each `backward` takes the residuals that its `forward` left and then a
// cotangent per result, and returns a cotangent per operand that is a float, in
// that operand's dtype.
//
//===----------------------------------------------------------------------===//
#include "frontend/dsl/CompositeRules.h"

#include "frontend/dsl/AttentionBackward.h"

#include "mg/composite.h"

#include <limits>
#include <numeric>

namespace mg::detail {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// `body`, then residuals from its operands and results.
template <class F> Trace::Body leaving(const Trace::Body &body, F residuals) {
  return [=](const Tensors &in) {
    Tensors all = body(in);
    const Tensors kept = residuals(in, Tensors(all));
    all.insert(all.end(), kept.begin(), kept.end());
    return all;
  };
}
Tensor wide(const Tensor &x) { return cast(x, widened(x.dtype())); }

/// exp(x - total) for a logsumexp `total`; 0 where that is -inf.
Tensor shares(const Tensor &x, const Tensor &total) {
  return exp(x - where(total == -infinity, zeros_like(total), total));
}

/// The cotangent of x for that of its unit form (x - mean) * rstd: what is left
/// of it beside the mean and beside `unit` itself.
Tensor throughUnit(const Tensor &g, const Tensor &unit, const Tensor &rstd,
                   const Axes &axes) {
  return (g - mean(g, axes, true) - unit * mean(g * unit, axes, true)) * rstd;
}

/// Attention's residuals and the cotangent, as the rule has them in one list.
AttentionKept keptOf(const Tensors &in) {
  const bool isMasked = in.size() == 7;
  const std::size_t next = isMasked ? 4 : 3;
  return {in[0],    in[1],        in[2],       isMasked ? in[3] : Tensor(),
          in[next], in[next + 1], in[next + 2]};
}

} // namespace

Tensor sumTo(const Tensor &x, const Shape &shape) {
  const std::size_t added = x.shape().size() - shape.size();
  std::vector<int> axes;
  for (std::size_t d = 0; d < x.shape().size(); ++d)
    if (d < added || shape[d - added] != x.shape()[d])
      axes.push_back(static_cast<int>(d));
  return axes.empty() ? x : reshape(sum(x, axes), shape);
}

Rule softmaxRule(const Trace::Body &body, int axis) {
  auto backward = [=](const Tensors &in) {
    const Tensor y = wide(in[0]), g = wide(in[1]);
    return Tensors{cast(y * (g - sum(y * g, axis, true)), in[0].dtype())};
  };
  return {leaving(body, [](const Tensors &, const Tensors &y) { return y; }),
          backward};
}

Rule logsumexpRule(const Trace::Body &body, int axis) {
  auto backward = [=](const Tensors &in) {
    const Tensor p = shares(wide(in[0]), expand_dims(wide(in[1]), axis));
    return Tensors{cast(p * expand_dims(wide(in[2]), axis), in[0].dtype())};
  };
  return {leaving(body, [](const Tensors &in,
                           const Tensors &y) { return Tensors{in[0], y[0]}; }),
          backward};
}

Rule crossEntropyRule() {
  auto forward = [](const Tensors &in) {
    const int last = in[0].rank() - 1;
    const Tensor total = logsumexp(in[0], last);
    const Tensor hot = one_hot(in[1], in[0].shape().back(), DType::b1);
    const Tensor picked = sum(where(hot, in[0], zeros_like(in[0])), last);
    return Tensors{cast(total - picked, in[0].dtype()), in[0], in[1], total};
  };
  auto backward = [](const Tensors &in) {
    const Tensor x = wide(in[0]);
    const Tensor hot = one_hot(in[1], x.shape().back(), x.dtype());
    const Tensor p = shares(x, expand_dims(wide(in[2]), -1));
    return Tensors{
        cast((p - hot) * expand_dims(wide(in[3]), -1), in[0].dtype())};
  };
  return {forward, backward};
}

Moments momentsOf(const Tensor &x, const Axes &axes, double epsilon) {
  const Tensor y = wide(x), middle = mean(y, axes, true);
  return {middle, rsqrt(mean(square(y - middle), axes, true) + epsilon)};
}

Rule layerNormRule(const Trace::Body &body, double epsilon) {
  auto backward = [](const Tensors &in) {
    const Tensor g = wide(in[4]), unit = (wide(in[0]) - in[2]) * in[3];
    const Tensor dx = throughUnit(g * wide(in[1]), unit, in[3], -1);
    const Shape &row = in[1].shape();
    return Tensors{cast(dx, in[0].dtype()),
                   cast(sumTo(g * unit, row), in[1].dtype()),
                   cast(sumTo(g, row), in[1].dtype())};
  };
  return {leaving(body,
                  [=](const Tensors &in, const Tensors &) {
                    const Moments m = momentsOf(in[0], -1, epsilon);
                    return Tensors{in[0], in[1], m.mean, m.rstd};
                  }),
          backward};
}

Rule rmsNormRule(const Trace::Body &body, double epsilon) {
  auto backward = [](const Tensors &in) {
    const Tensor unit = wide(in[0]) * in[2], g = wide(in[3]);
    const Tensor h = g * wide(in[1]);
    const Tensor dx = (h - unit * mean(h * unit, -1, true)) * in[2];
    return Tensors{cast(dx, in[0].dtype()),
                   cast(sumTo(g * unit, in[1].shape()), in[1].dtype())};
  };
  return {leaving(body,
                  [=](const Tensors &in, const Tensors &) {
                    const Tensor x = wide(in[0]);
                    return Tensors{in[0], in[1],
                                   rsqrt(mean(square(x), -1, true) + epsilon)};
                  }),
          backward};
}

Rule batchNormRule(const Trace::Body &body, const Axes &axes, double epsilon) {
  // (c) as (1, c, 1, ..), beside x.
  auto aligned = [](const Tensor &v, const Tensor &x) {
    Shape shape(x.shape().size(), 1);
    shape[1] = x.shape()[1];
    return reshape(v, shape);
  };
  auto backward = [=](const Tensors &in) {
    const Tensor x = wide(in[0]), g = wide(in[4]);
    const Tensor rstd = aligned(in[3], x);
    const Tensor centered = x - aligned(in[2], x), unit = centered * rstd;
    Tensor dx = throughUnit(g * aligned(in[1], x), unit, rstd, axes);
    const double n =
        static_cast<double>(x.size()) / static_cast<double>(x.shape()[1]);
    // The statistics are results, too.
    dx = dx + aligned(in[5], x) / n + centered * aligned(in[6], x) * (2 / n);
    return Tensors{cast(dx, in[0].dtype()), sum(g * unit, axes), sum(g, axes)};
  };
  return {leaving(body,
                  [=](const Tensors &in, const Tensors &y) {
                    return Tensors{in[0], in[1], y[1], rsqrt(y[2] + epsilon)};
                  }),
          backward};
}

Tensors attend(const Attending &how, const Tensors &in) {
  const Tensor &q = in[0], &v = in[2];
  const Tensor s = how.scoresOf(how.rows(q), in[1],
                                in.size() > 3 ? how.maskRows(in[3]) : Tensor());
  const Tensor top = max(s, -1, true);
  const Tensor shift = where(top == -infinity, zeros_like(top), top);
  const Tensor e = exp(s - shift), sums = sum(e, -1, true);
  const Tensor isNone = sums == 0;
  const Tensor p = e / where(isNone, ones_like(sums), sums);
  Shape shape = q.shape();
  shape.back() = v.shape().back();
  return {reshape(how.times(cast(p, v.dtype()), v, 0, v.dtype()), shape),
          where(isNone, infinity, log(sums) + shift)};
}

Rule attentionRule(const Attending &how) {
  auto forward = [=](const Tensors &in) {
    const Tensors both = attend(how, in);
    Tensors all{both[0]};
    all.insert(all.end(), in.begin(), in.end());
    all.insert(all.end(), {both[0], both[1]});
    return all;
  };
  return {forward, [=](const Tensors &in) {
            return attentionBackward(how, keptOf(in));
          }};
}

} // namespace mg::detail
