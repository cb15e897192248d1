//===- Einsum.cpp - subscripts to diagonals, sums, dots, a transpose ------===//
//
// Every dimension carries a label. Operands are contracted from the left; a
// label is summed as soon as nothing to come names it:
//
//   1. a label that one operand has twice: the diagonal;
//   2. a label of this operand alone, not in the result: a sum;
//   3. two operands: a dot, batched over the labels still needed;
//   4. at last a transpose to the order asked for.
//
// The dimensions of "..." have labels as well, counted from the right; where an
// operand has size 1 in one of them and another has not, the dimension is
// dropped, which is what broadcasting means here.
//
//===----------------------------------------------------------------------===//
#include "frontend/dsl/Autocast.h"
#include "frontend/dsl/Promote.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mg {
using namespace detail;

namespace {

/// A letter, or -1, -2, .. for the last, last but one, .. dimension of "...".
using Label = int;
using Labels = std::vector<Label>;

bool has(const Labels &labels, Label label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}
std::int64_t find(const Labels &labels, Label label) {
  return std::find(labels.begin(), labels.end(), label) - labels.begin();
}

struct Labelled {
  Tensor x;
  Labels labels;
};

[[noreturn]] void refuse(std::string_view subscripts, const std::string &why) {
  fail(fmt::format("'{}': {}", subscripts, why));
}

/// The labels of one term; "..." stands for `rest` dimensions.
Labels parse(std::string_view term, int rest, std::string_view all) {
  Labels labels;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (term[i] == ' ')
      continue;
    if (term.substr(i, 3) == "...") {
      for (int k = rest; k > 0; --k)
        labels.push_back(-k);
      i += 2;
    } else if (std::isalpha(static_cast<unsigned char>(term[i]))) {
      labels.push_back(term[i]);
    } else {
      refuse(all, fmt::format("unexpected '{}'", term[i]));
    }
  }
  return labels;
}

/// How many dimensions "..." stands for in a term of an operand of this rank.
int restOf(std::string_view term, int rank, std::string_view all) {
  const int named =
      static_cast<int>(std::count_if(term.begin(), term.end(), [](char c) {
        return std::isalpha(static_cast<unsigned char>(c));
      }));
  const std::size_t dots = term.find("...");
  const bool open = dots != std::string_view::npos;
  if (open && term.find("...", dots + 3) != std::string_view::npos)
    refuse(all, "a term has two ellipses");
  if (rank < named || (!open && rank != named))
    refuse(all, fmt::format("'{}' names {} dimensions, the operand has {}",
                            term, named, rank));
  return open ? rank - named : 0;
}

std::vector<std::string_view> splitAt(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0;;) {
    const std::size_t end = text.find(separator, at);
    parts.push_back(text.substr(at, end - at));
    if (end == std::string_view::npos)
      return parts;
    at = end + 1;
  }
}

Tensor sumOver(const Tensor &x, const std::vector<std::int64_t> &dims) {
  if (dims.empty())
    return x;
  return emit(
      "reduce", {x},
      Attrs()
          .choose<mlir::mg::ReductionAttr>("kind", mlir::mg::Reduction::Sum)
          .set("dims", dims));
}

void takeDiagonals(Labelled &operand) {
  for (std::size_t i = 0; i < operand.labels.size(); ++i)
    for (std::size_t k = i + 1; k < operand.labels.size(); ++k)
      if (operand.labels[i] == operand.labels[k]) {
        const Label label = operand.labels[i];
        operand.x =
            diagonal(operand.x, static_cast<int>(i), static_cast<int>(k));
        operand.labels.erase(operand.labels.begin() + k);
        operand.labels.erase(operand.labels.begin() + i);
        operand.labels.push_back(label);
        return takeDiagonals(operand);
      }
}

/// Sums the labels that `needed` has not.
void sumLabels(Labelled &operand, const Labels &needed) {
  std::vector<std::int64_t> gone;
  Labels left;
  for (std::size_t i = 0; i < operand.labels.size(); ++i) {
    if (has(needed, operand.labels[i]))
      left.push_back(operand.labels[i]);
    else
      gone.push_back(static_cast<std::int64_t>(i));
  }
  operand = {sumOver(operand.x, gone), left};
}

Labelled contract(const Labelled &a, const Labelled &b, const Labels &needed) {
  std::vector<std::int64_t> lhs, rhs, lhsBatch, rhsBatch;
  Labels batch, free;
  for (Label label : a.labels) {
    if (!has(b.labels, label)) {
      free.push_back(label);
      continue;
    }
    const bool kept = has(needed, label);
    (kept ? lhsBatch : lhs).push_back(find(a.labels, label));
    (kept ? rhsBatch : rhs).push_back(find(b.labels, label));
    if (kept)
      batch.push_back(label);
  }
  for (Label label : b.labels)
    if (!has(a.labels, label))
      free.push_back(label);
  Labels labels = batch;
  labels.insert(labels.end(), free.begin(), free.end());
  return {emit("dot", {a.x, b.x},
               Attrs()
                   .set("lhs_contract", lhs)
                   .set("rhs_contract", rhs)
                   .set("lhs_batch", lhsBatch)
                   .set("rhs_batch", rhsBatch)),
          labels};
}

class Einsum {
public:
  Einsum(std::string_view subscripts, const std::vector<Arg> &args)
      : text(subscripts) {
    const std::size_t arrow = text.find("->");
    const auto terms = splitAt(text.substr(0, arrow), ',');
    if (terms.size() != args.size())
      refuse(text, fmt::format("{} terms for {} operands", terms.size(),
                               args.size()));
    std::vector<const Arg *> pointers;
    for (const Arg &arg : args)
      pointers.push_back(&arg);
    const DType dtype = autocastTo("einsum", counting(promoteAll(pointers)));
    int rest = 0;
    for (std::size_t i = 0; i < args.size(); ++i) {
      const Tensor x = cast(args[i].tensor, dtype);
      const int own = restOf(terms[i], x.rank(), text);
      rest = std::max(rest, own);
      operands.push_back({x, parse(terms[i], own, text)});
    }
    readSizes();
    output = arrow == std::string_view::npos
                 ? impliedOutput(rest)
                 : parse(text.substr(arrow + 2), rest, text);
    checkOutput();
  }

  Tensor run() {
    for (Labelled &operand : operands) {
      dropOnes(operand);
      takeDiagonals(operand);
    }
    Labelled result = operands.front();
    for (std::size_t i = 1; i < operands.size(); ++i) {
      const Labels later = neededAfter(i);
      sumLabels(result, with(later, operands[i].labels));
      sumLabels(operands[i], with(later, result.labels));
      result = contract(result, operands[i], later);
    }
    sumLabels(result, output);
    return inOrder(result);
  }

private:
  void readSizes() {
    for (const Labelled &operand : operands)
      for (std::size_t d = 0; d < operand.labels.size(); ++d) {
        const Label label = operand.labels[d];
        const std::int64_t n = operand.x.shape()[d];
        const auto [it, isNew] = sizes.emplace(label, n);
        if (isNew || it->second == n)
          continue;
        if (label >= 0 || (it->second != 1 && n != 1))
          refuse(text, fmt::format("'{}' is {} and {}",
                                   label < 0 ? std::string("...")
                                             : std::string(1, char(label)),
                                   it->second, n));
        it->second = it->second == 1 ? n : it->second;
      }
  }
  /// As NumPy: the ellipsis, then the letters that appear once, sorted.
  Labels impliedOutput(int rest) const {
    std::map<Label, int> count;
    for (const Labelled &operand : operands)
      for (Label label : operand.labels)
        ++count[label];
    Labels labels;
    for (int k = rest; k > 0; --k)
      labels.push_back(-k);
    for (auto [label, n] : count)
      if (label > 0 && n == 1)
        labels.push_back(label);
    return labels;
  }
  void checkOutput() const {
    for (Label label : output) {
      if (!sizes.count(label))
        refuse(text, fmt::format("no operand has '{}'", char(label)));
      if (std::count(output.begin(), output.end(), label) > 1)
        refuse(text, fmt::format("the result has '{}' twice", char(label)));
    }
  }
  void dropOnes(Labelled &operand) const {
    Labels left;
    Shape shape;
    for (std::size_t d = 0; d < operand.labels.size(); ++d) {
      const Label label = operand.labels[d];
      const std::int64_t n = operand.x.shape()[d];
      if (label < 0 && n == 1 && sizes.at(label) != 1)
        continue;
      left.push_back(label);
      shape.push_back(n);
    }
    operand = {reshape(operand.x, shape), left};
  }
  static Labels with(Labels a, const Labels &b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }
  Labels neededAfter(std::size_t i) const {
    Labels labels = output;
    for (++i; i < operands.size(); ++i)
      labels = with(labels, operands[i].labels);
    return labels;
  }
  Tensor inOrder(const Labelled &result) const {
    std::vector<int> perm;
    for (Label label : output)
      perm.push_back(static_cast<int>(find(result.labels, label)));
    return std::is_sorted(perm.begin(), perm.end()) ? result.x
                                                    : transpose(result.x, perm);
  }

  std::string_view text;
  std::vector<Labelled> operands;
  std::map<Label, std::int64_t> sizes;
  Labels output;
};

} // namespace

Tensor einsum(std::string_view subscripts, const std::vector<Arg> &operands) {
  if (operands.empty())
    throw Error(Where::current(), "einsum", "there are no operands");
  Scope scope("einsum", operands.front().where);
  return Einsum(subscripts, operands).run();
}
Tensor einsum(std::string_view subscripts, Arg a) {
  return einsum(subscripts, std::vector<Arg>{a});
}
Tensor einsum(std::string_view subscripts, Arg a, Arg b) {
  return einsum(subscripts, std::vector<Arg>{a, b});
}
Tensor einsum(std::string_view subscripts, Arg a, Arg b, Arg c) {
  return einsum(subscripts, std::vector<Arg>{a, b, c});
}

} // namespace mg
