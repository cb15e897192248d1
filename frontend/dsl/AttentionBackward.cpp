//===- AttentionBackward.cpp - the way back through attention -------------===//
//
// With weights p = exp(q kT * scale - total) and a cotangent g of the result o:
//
//   dv = pT g    dp = g vT    ds = p * (dp - sum(g * o))
//   dq = ds k * scale         dk = dsT q * scale
//
// p and ds are as large as the scores, queries x keys, and unlike on the way
// there no row of them can be forgotten: dv and dk sum over the queries. So
// many queries are taken in blocks, whose weights are computed again, used and
// forgotten; dq is made block by block, dk and dv are sums over blocks:
//
//   memory          queries x keys  ->  blockQueries x keys
//
// A causal mask lets a query see no key after it: blocks of queries come in at
// most `maxReaches` groups, each beside only so many keys as its last query
// sees. What the groups add to one key is summed at the end.
//
//===----------------------------------------------------------------------===//
#include "frontend/dsl/AttentionBackward.h"

#include "frontend/dsl/CompositeRules.h"

#include "mg/index.h"

#include <algorithm>

namespace mg::detail {
namespace {

/// Fewer queries make less of a product; more, larger weights.
constexpr std::int64_t blockQueries = 128;
/// Blocks are written out, so that beyond these they grow.
constexpr std::int64_t maxBlocks = 32;
constexpr std::int64_t maxReaches = 8;

/// Of the operands, in the accumulator's dtype; of k and v without the scale.
struct Gradients {
  Tensor q, k, v, scores;
};

Gradients gradients(const Attending &how, const AttentionKept &at) {
  const DType dtype = at.q.dtype(), wide = how.accumulator;
  const Tensor p = exp(how.scoresOf(at.q, at.k, at.mask) - at.total);
  const Tensor dv = how.overRows(cast(p, dtype), at.cotangent);
  const Tensor dp = how.times(at.cotangent, at.v, 1, wide);
  const Tensor own =
      sum(cast(at.cotangent, wide) * cast(at.out, wide), -1, true);
  const Tensor ds = p * (dp - own), narrow = cast(ds, dtype);
  return {how.times(narrow, at.k, 0, wide), how.overRows(narrow, at.q), dv, ds};
}

Tensor rowsOf(const Tensor &x, std::int64_t begin, std::int64_t end) {
  return x(ellipsis, slice(begin, end), all);
}

/// The part of a mask that is broadcast to the scores.
Tensor partOf(const Tensor &mask, std::int64_t begin, std::int64_t end,
              std::int64_t keys) {
  if (mask.empty() || mask.rank() == 0)
    return mask;
  Tensor part = mask;
  if (part.shape().back() != 1)
    part = part(ellipsis, slice(0, keys));
  if (part.rank() > 1 && part.shape()[part.shape().size() - 2] != 1)
    part = rowsOf(part, begin, end);
  return part;
}

/// Queries [begin, end) beside the first `keys` keys.
Gradients gradientsOf(Attending how, const AttentionKept &at,
                      std::int64_t begin, std::int64_t end, std::int64_t keys) {
  const std::size_t rank = how.scores.size();
  how.scores[rank - 2] = end - begin;
  how.scores[rank - 1] = keys;
  how.first = begin;
  return gradients(how,
                   {rowsOf(at.q, begin, end), rowsOf(at.k, 0, keys),
                    rowsOf(at.v, 0, keys), partOf(at.mask, begin, end, keys),
                    rowsOf(at.out, begin, end), rowsOf(at.total, begin, end),
                    rowsOf(at.cotangent, begin, end)});
}

/// Sums over the queries of one group: of its first `keys` keys.
struct Group {
  std::int64_t keys = 0;
  Tensor k, v;
  void add(const Gradients &block) {
    k = k.empty() ? block.k : k + block.k;
    v = v.empty() ? block.v : v + block.v;
  }
};

/// What groups of rising reach add to each key, and 0 for keys past all.
Tensor sumOf(const std::vector<Group> &groups, Tensor Group::*part,
             std::int64_t keys) {
  std::vector<Tensor> pieces;
  std::int64_t begin = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::int64_t end = groups[g].keys;
    if (begin == end)
      continue;
    Tensor piece;
    for (std::size_t other = g; other < groups.size(); ++other) {
      const Tensor term = rowsOf(groups[other].*part, begin, end);
      piece = piece.empty() ? term : piece + term;
    }
    pieces.push_back(piece);
    begin = end;
  }
  if (begin < keys) {
    Shape rest = pieces.front().shape();
    rest[rest.size() - 2] = keys - begin;
    pieces.push_back(zeros(rest, pieces.front().dtype()));
  }
  return pieces.size() == 1 ? pieces.front() : concat(pieces, -2);
}

Gradients inBlocks(const Attending &how, const AttentionKept &at,
                   std::int64_t blocks) {
  const std::int64_t queries = how.scores[how.scores.size() - 2],
                     keys = how.scores.back(),
                     size = (queries + blocks - 1) / blocks;
  blocks = (queries + size - 1) / size;
  const std::int64_t count = how.causal ? std::min(blocks, maxReaches) : 1;
  std::vector<Group> groups(static_cast<std::size_t>(count));
  std::vector<Tensor> dq;
  for (std::int64_t b = 0; b < blocks; ++b) {
    const std::int64_t g = b * count / blocks,
                       last = ((g + 1) * blocks + count - 1) / count;
    Group &group = groups[static_cast<std::size_t>(g)];
    group.keys = how.causal ? std::min(keys, last * size) : keys;
    const Gradients block = gradientsOf(
        how, at, b * size, std::min(queries, (b + 1) * size), group.keys);
    dq.push_back(block.q);
    group.add(block);
  }
  return {concat(dq, -2),
          sumOf(groups, &Group::k, keys),
          sumOf(groups, &Group::v, keys),
          {}};
}

} // namespace

Tensors attentionBackward(const Attending &how, const AttentionKept &given) {
  const DType dtype = given.q.dtype();
  AttentionKept at = given;
  for (Tensor *x : {&at.q, &at.out, &at.cotangent})
    *x = how.rows(*x);
  at.mask = how.maskRows(at.mask);
  // A mask that is added has a gradient as large as the scores.
  const bool isAdded = !at.mask.empty() && isFloat(at.mask.dtype());
  const std::int64_t blocks =
      isAdded ? 1
              : std::min(maxBlocks,
                         how.scores[how.scores.size() - 2] / blockQueries);
  const Gradients all =
      blocks > 1 ? inBlocks(how, at, blocks) : gradients(how, at);
  Tensors results{cast(reshape(all.q * how.scale, given.q.shape()), dtype),
                  cast(all.k * how.scale, dtype), cast(all.v, dtype)};
  if (isAdded) {
    const Tensor ofMask = sumTo(all.scores, at.mask.shape());
    results.push_back(
        cast(reshape(ofMask, given.mask.shape()), given.mask.dtype()));
  }
  return results;
}

} // namespace mg::detail
