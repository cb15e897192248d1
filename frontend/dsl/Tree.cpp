//===- Tree.cpp - walking trees: paths, keys, types -----------------------===//
#include "mg/tree.h"

#include "frontend/tensor/Value.h"

#include <algorithm>

namespace mg::detail {

std::vector<std::string_view> split_names(std::string_view list) {
  std::vector<std::string_view> names;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view one = list.substr(0, comma);
    names.push_back(one.substr(one.find_last_of(": ") + 1));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return names;
}

void walk_leaves(const std::function<void(Walker &)> &tree,
                 const std::function<void(const std::string &, Tensor &)> &f) {
  struct Paths final : Walker {
    std::vector<std::string> names;
    const std::function<void(const std::string &, Tensor &)> &f;
    explicit Paths(decltype(f) f) : f(f) {}
    void enter(std::string_view name) override { names.emplace_back(name); }
    void leave() override { names.pop_back(); }
    void leaf(Tensor &t) override {
      std::string path;
      for (const std::string &name : names)
        path += (path.empty() ? "" : ".") + name;
      f(path, t);
    }
  } walker(f);
  tree(walker);
}

std::string key_of(const std::function<void(Walker &)> &tree) {
  struct Keys final : Walker {
    std::string key;
    void enter(std::string_view name) override { key.append("(").append(name); }
    void leave() override { key += ')'; }
    void fixed(std::string_view bytes) override {
      key.append("#" + std::to_string(bytes.size()) + ":").append(bytes);
    }
    void leaf(Tensor &t) override { key += type_string(t); }
  } walker;
  tree(walker);
  return walker.key;
}

Tensor type_only(const Tensor &t) {
  if (t.empty())
    return t;
  const Value &v = *t.value();
  auto *type = new Value;
  type->spec = v.spec;
  type->where = v.where;
  type->label = v.label;
  return Tensor(type);
}

} // namespace mg::detail
