//===- Batching.cpp - vmap over trees -------------------------------------===//
#include "frontend/dsl/Promote.h"
#include "frontend/dsl/Subprogram.h"

#include <fmt/format.h>

namespace mg::detail {

LeafAxes::LeafAxes(const char *what, const MapAxes &wanted,
                   const std::vector<std::size_t> &leaves, Where where) {
  const std::size_t given = wanted.list.size();
  if (given != 1 && given != leaves.size())
    throw Error(where, "vmap",
                fmt::format("`.{}` has {} axes for {} {}", what, given,
                            leaves.size(),
                            *what == 'i' ? "arguments" : "results"));
  for (std::size_t i = 0; i < leaves.size(); ++i)
    axes.insert(axes.end(), leaves[i], wanted.list[given == 1 ? 0 : i]);
}

namespace {

/// An axis among `rank` dimensions from the front.
std::int64_t fromFront(Axis axis, int rank) {
  return *axis < 0 ? *axis + rank : *axis;
}

/// A leaf with the axis that it is mapped along.
struct Mapped {
  const Tensor *leaf = nullptr;
  std::string name;
  std::int64_t size = 0;
};

std::string quoted(const std::string &name) {
  return name.empty() ? "the argument" : fmt::format("'{}'", name);
}

std::int64_t axisWithin(const Tensor &leaf, Axis axis, const std::string &name,
                        Where where) {
  const std::int64_t d = fromFront(axis, leaf.rank());
  if (d < 0 || d >= leaf.rank())
    throw Error(where, "vmap",
                fmt::format("{}, {}, has no axis {}", quoted(name),
                            type_string(leaf), *axis),
                origin(leaf, "it"));
  return d;
}

} // namespace

Leaves one_of_each(const Leaves &arguments,
                   const std::vector<std::string> &names,
                   const std::vector<Axis> &axes, Where where) {
  Mapped first;
  Leaves one;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Tensor &leaf = arguments[i];
    if (leaf.empty() || !axes[i]) {
      one.push_back(leaf.empty() ? leaf : type_only(leaf));
      continue;
    }
    const std::int64_t d = axisWithin(leaf, axes[i], names[i], where);
    Shape shape = leaf.shape();
    const std::int64_t size = shape[static_cast<std::size_t>(d)];
    if (!first.leaf)
      first = {&leaf, names[i], size};
    if (size != first.size)
      throw Error(where, "vmap",
                  fmt::format("mapped axes differ: {} has {}, {} has {}",
                              quoted(first.name), first.size, quoted(names[i]),
                              size),
                  origin(leaf, quoted(names[i])));
    shape.erase(shape.begin() + d);
    one.push_back(spec(shape, leaf.dtype(), where));
  }
  if (!first.leaf)
    throw Error(where, "vmap", "no argument is mapped");
  return one;
}

Leaves vmap(const Subprogram &f, const Leaves &arguments,
            const std::vector<Axis> &in, const Leaves &results,
            const std::vector<Axis> &out, Where where) {
  Scope scope("vmap", where);
  std::vector<std::int64_t> from, to;
  std::int64_t size = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i)
    if (!arguments[i].empty()) {
      from.push_back(in[i] ? fromFront(in[i], arguments[i].rank()) : -1);
      if (in[i])
        size = arguments[i].shape()[static_cast<std::size_t>(from.back())];
    }
  from.insert(from.end(), f.function.captures.size(), -1);
  std::vector<Spec> wanted;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].empty())
      continue;
    Spec spec = specOf(results[i]);
    const int rank = results[i].rank() + 1;
    to.push_back(out[i] ? fromFront(out[i], rank) : -1);
    if (out[i] && (to.back() < 0 || to.back() >= rank))
      fail(fmt::format("a result of {} has no axis {} when it is stacked",
                       toString(spec), *out[i]),
           results[i], "the result");
    if (out[i])
      spec.shape.insert(spec.shape.begin() + to.back(), size);
    wanted.push_back(spec);
  }
  Tensors operands = presentOf(arguments);
  operands.insert(operands.end(), f.function.captures.begin(),
                  f.function.captures.end());
  const auto attributes =
      Attrs()
          .set("callee",
               mlir::FlatSymbolRefAttr::get(mlir::func::FuncOp(f.function.op)))
          .set("in", llvm::ArrayRef<std::int64_t>(from))
          .set("out", llvm::ArrayRef<std::int64_t>(to))
          .set("size", size);
  return spreadOver(f.present, emitAll("vmap", operands, attributes, wanted));
}

} // namespace mg::detail
