#include "frontend/dsl/Subprogram.h"

#include <fmt/format.h>

namespace mg::detail {

Tensors presentOf(const Leaves &leaves) {
  Tensors present;
  for (const Tensor &leaf : leaves)
    if (!leaf.empty())
      present.push_back(leaf);
  return present;
}

Leaves spreadOver(const std::vector<bool> &present, const Tensors &values) {
  Leaves leaves;
  std::size_t next = 0;
  for (bool isThere : present)
    leaves.push_back(isThere ? values.at(next++) : Tensor());
  return leaves;
}

std::vector<Spec> specsOf(mlir::TypeRange types) {
  std::vector<Spec> specs;
  for (mlir::Type type : types)
    specs.push_back(specOf(type));
  return specs;
}

static std::vector<bool> presenceOf(const Leaves &leaves) {
  std::vector<bool> present;
  for (const Tensor &leaf : leaves)
    present.push_back(!leaf.empty());
  return present;
}

Subprogram traceFunction(Trace &trace, const std::string &name, bool isPublic,
                         const Leaves &like,
                         const std::vector<std::string> &names,
                         const Where &where, const Body &body) {
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < like.size(); ++i)
    if (!like[i].empty())
      labels.push_back(names.at(i).empty()
                           ? std::string("the argument")
                           : fmt::format("argument '{}'", names[i]));
  const std::vector<bool> taken = presenceOf(like);
  std::vector<bool> present;
  auto whole = [&](const Tensors &placeholders) {
    const Leaves results = body(spreadOver(taken, placeholders));
    present = presenceOf(results);
    return presentOf(results);
  };
  Function function =
      trace.function(name, isPublic, presentOf(like), labels, where, whole);
  return {std::move(function), std::move(present)};
}

SubprogramRef subprogram(const char *name, const Leaves &like,
                         const std::vector<std::string> &names, Where where,
                         const Body &body) {
  return std::make_shared<Subprogram>(traceFunction(
      *Trace::current(), name, /*isPublic=*/false, like, names, where, body));
}

} // namespace mg::detail
