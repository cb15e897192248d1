//===- Tree.cpp - walking trees: paths, keys, types -----------------------===//
#include "mg/tree.h"

#include "frontend/dsl/Autocast.h"
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
    using Walker::enter;
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

void walk_tensors(const std::function<void(Walker &)> &tree,
                  const std::function<void(Tensor &)> &f) {
  struct Tensors final : Walker {
    const std::function<void(Tensor &)> &f;
    explicit Tensors(decltype(f) f) : f(f) {}
    using Walker::enter;
    void enter(std::size_t) override {}
    void leaf(Tensor &t) override { f(t); }
  } walker(f);
  tree(walker);
}

std::string key_of(const std::function<void(Walker &)> &tree) {
  // Every part says its length or has a fixed one, so no two keys run together.
  struct Keys final : Walker {
    std::string key;
    void word(std::uint64_t n) {
      key.append(reinterpret_cast<const char *>(&n), sizeof n);
    }
    void fixed(std::string_view bytes) override {
      key += '#';
      word(bytes.size());
      key.append(bytes);
    }
    void enter(std::string_view name) override { key += '(', fixed(name); }
    void enter(std::size_t i) override { key += '[', word(i); }
    void leave() override { key += ')'; }
    void leaf(Tensor &t) override {
      key += t.empty() ? '-' : 'T';
      if (t.empty())
        return;
      const Spec &spec = t.value()->spec;
      key += static_cast<char>(spec.dtype);
      word(spec.shape.size());
      for (std::int64_t n : spec.shape)
        word(static_cast<std::uint64_t>(n));
    }
  } walker;
  tree(walker);
  walker.key += static_cast<char>(autocastDType()); // another program, too
  return std::move(walker.key);
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

Tensor find_leaf(const std::map<std::string, Tensor> &tensors,
                 const std::string &name, const Tensor &like,
                 const std::string &file, Where where) {
  const auto found = tensors.find(name);
  if (found == tensors.end())
    throw Error(where, "load", "'" + file + "' has no tensor '" + name + "'");
  const Spec &spec = found->second.value()->spec;
  if (!like.empty() &&
      (like.dtype() != spec.dtype || like.shape() != spec.shape))
    throw Error(where, "load",
                "'" + name + "' is " + toString(spec) + " in '" + file +
                    "', not " + type_string(like),
                origin(like, "the one expected"));
  return found->second;
}

} // namespace mg::detail
