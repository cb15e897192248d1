//===- CompositeRules.cpp - derivatives of composites, by hand ------------===//
//
// Each `backward` takes the residuals that its `forward` left and then a
// cotangent per result, and returns a cotangent per operand that is a float, in
// that operand's dtype.
//
//===----------------------------------------------------------------------===//
#include "frontend/dsl/CompositeRules.h"

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

/// The sum over what `shape` was broadcast along to become x's, as `shape`.
Tensor sumTo(const Tensor &x, const Shape &shape) {
  const std::size_t added = x.shape().size() - shape.size();
  std::vector<int> axes;
  for (std::size_t d = 0; d < x.shape().size(); ++d)
    if (d < added || shape[d - added] != x.shape()[d])
      axes.push_back(static_cast<int>(d));
  return axes.empty() ? x : reshape(sum(x, axes), shape);
}
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

/// Attention without its residuals in one list.
struct Kept {
  Tensor q, k, v, mask, out, total, cotangent;
  explicit Kept(const Tensors &in) : q(in[0]), k(in[1]), v(in[2]) {
    std::size_t next = 3;
    if (in.size() == 7)
      mask = in[next++];
    out = in[next], total = in[next + 1], cotangent = in[next + 2];
  }
};

Tensors attentionBackward(const Attending &how, const Kept &at) {
  const DType dtype = at.q.dtype();
  const Tensor p = exp(how.scoresOf(at.q, at.k, at.mask) - at.total);
  const Tensor g = how.rows(at.cotangent);
  const Tensor dv =
      batchedDot(how.rows(cast(p, dtype)), g, 0, 0, how.accumulator);
  const Tensor dp =
      reshape(batchedDot(g, at.v, 1, 1, how.accumulator), how.scores);
  const Tensor own = sum(wide(at.cotangent) * wide(at.out), -1, true);
  const Tensor ds = p * (dp - own);
  const Tensor rows = how.rows(cast(ds, dtype));
  const Tensor dq = how.heads(batchedDot(rows, at.k, 1, 0, how.accumulator),
                              at.q.shape().back());
  const Tensor dk = batchedDot(rows, how.rows(at.q), 0, 0, how.accumulator);
  Tensors all{cast(dq * how.scale, dtype), cast(dk * how.scale, dtype),
              cast(dv, dtype)};
  if (!at.mask.empty() && isFloat(at.mask.dtype()))
    all.push_back(cast(sumTo(ds, at.mask.shape()), at.mask.dtype()));
  return all;
}

} // namespace

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
  const Tensor &v = in[2];
  const Tensor s = how.scoresOf(in[0], in[1], in.size() > 3 ? in[3] : Tensor());
  const Tensor top = max(s, -1, true);
  const Tensor shift = where(top == -infinity, zeros_like(top), top);
  const Tensor e = exp(s - shift), sums = sum(e, -1, true);
  const Tensor isNone = sums == 0;
  const Tensor p = e / where(isNone, ones_like(sums), sums);
  const Tensor out =
      batchedDot(how.rows(cast(p, v.dtype())), v, 1, 0, v.dtype());
  return {how.heads(out, v.shape().back()),
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
  return {forward,
          [=](const Tensors &in) { return attentionBackward(how, Kept(in)); }};
}

} // namespace mg::detail
