//===- Checkpoint.cpp - trees in files, exactly ---------------------------===//
//
// A safetensors file. The key "minigrad.checkpoint" of its metadata is the
// format's version, "static:PATH" a static part: "i32 7", "string adam".
//
//===----------------------------------------------------------------------===//
#include "mg/checkpoint.h"

#include "frontend/io/FileError.h"
#include "frontend/io/Safetensors.h"
#include "frontend/tensor/Element.h"
#include "frontend/tensor/Value.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <set>

namespace mg::detail {

namespace {

const std::string versionKey = "minigrad.checkpoint", version = "1",
                  staticPrefix = "static:", stringType = "string ";

/// Tells each visit by its path.
class PathWalker : public Walker {
public:
  using Walker::enter;
  void enter(std::string_view name) override { names.emplace_back(name); }
  void leave() override { names.pop_back(); }

protected:
  ~PathWalker() = default;
  std::string path() const {
    std::string path;
    for (const std::string &name : names)
      path += (path.empty() ? "" : ".") + name;
    return path;
  }

private:
  std::vector<std::string> names;
};

/// f(T &) with the C++ type of a static number, which is no half.
template <class F> void withNumber(void *value, DType dtype, F f) {
  withType(dtype, [&](auto *type) {
    using T = std::remove_reference_t<decltype(*type)>;
    if constexpr (std::is_integral_v<T> || std::is_same_v<T, float> ||
                  std::is_same_v<T, double>)
      f(*static_cast<T *>(value));
  });
}

template <class T, class Read> bool holds(Read read) {
  if constexpr (std::is_same_v<T, bool>)
    return read == 0 || read == 1;
  else if constexpr (std::is_integral_v<T>)
    return std::in_range<T>(read);
  else
    return true;
}

std::string textOf(void *value, DType dtype) {
  std::string text = std::string(to_string(dtype)) + " ";
  withNumber(value, dtype, [&](auto &number) {
    text += fmt::format("{}", +number); // 8 bits are a number, too
  });
  return text;
}

/// False where `text` is no number of that dtype.
bool readNumber(void *value, DType dtype, std::string_view text) {
  const std::string type = std::string(to_string(dtype)) + " ";
  bool ok = text.starts_with(type);
  text.remove_prefix(std::min(text.size(), type.size()));
  withNumber(value, dtype, [&](auto &number) {
    auto read = +number;
    const char *end = text.data() + text.size();
    auto [stopped, error] = std::from_chars(text.data(), end, read);
    using T = std::remove_reference_t<decltype(number)>;
    ok = ok && error == std::errc() && stopped == end && holds<T>(read);
    if (ok)
      number = static_cast<T>(read);
  });
  return ok;
}

/// Collects a tree for the file.
struct Saver final : PathWalker {
  std::map<std::string, Tensor> tensors;
  io::Metadata metadata{{versionKey, version}};
  Where where;

  explicit Saver(Where where) : where(where) {}

  void checkNew(bool isNew) const {
    if (!isNew)
      throw Error(where, "save_checkpoint",
                  "two parts of the tree are named '" + path() + "'");
  }
  void leaf(Tensor &t) override {
    if (!t.empty())
      checkNew(tensors.emplace(path(), t).second);
  }
  void number(void *value, DType dtype) override {
    checkNew(
        metadata.emplace(staticPrefix + path(), textOf(value, dtype)).second);
  }
  void text(std::string &value) override {
    checkNew(
        metadata.emplace(staticPrefix + path(), stringType + value).second);
  }
};

/// Fills a tree from the file; what does not fit is noted.
struct Loader final : PathWalker {
  io::NamedArrays arrays;
  io::Metadata metadata;
  Where where;
  std::set<std::string> visited = {}; // names of arrays, keys of metadata
  std::vector<std::string> problems = {};

  explicit Loader(Where where) : where(where) {}

  void leaf(Tensor &t) override {
    const std::string name = path();
    const eager::Array *found = io::find(arrays, name);
    visited.insert(name);
    if (!found) {
      if (!t.empty())
        problems.push_back("no tensor '" + name + "'");
      return;
    }
    const Tensor loaded = makeEager(*found, where, "'" + name + "'");
    if (!t.empty() &&
        (t.dtype() != loaded.dtype() || t.shape() != loaded.shape()))
      problems.push_back(fmt::format("'{}' is {}, not {}", name,
                                     type_string(loaded), type_string(t)));
    t = loaded;
  }

  /// The text of the static part here, or null.
  const std::string *found() {
    const std::string key = staticPrefix + path();
    visited.insert(key);
    const auto entry = metadata.find(key);
    if (entry != metadata.end())
      return &entry->second;
    problems.push_back("no value '" + path() + "'");
    return nullptr;
  }
  void misfit(const std::string &text, const std::string &type) {
    // (A string may have any length and lines.)
    problems.push_back(
        fmt::format("'{}' is {}, not of type {}", path(),
                    text.starts_with(stringType) ? "a string" : text, type));
  }
  void number(void *value, DType dtype) override {
    const std::string *text = found();
    if (text && !readNumber(value, dtype, *text))
      misfit(*text, to_string(dtype));
  }
  void text(std::string &value) override {
    const std::string *text = found();
    if (text && !text->starts_with(stringType))
      misfit(*text, "string");
    else if (text)
      value = text->substr(stringType.size());
  }

  void noteUnvisited() {
    for (const auto &[name, array] : arrays)
      if (!visited.contains(name))
        problems.push_back("the tree has no tensor '" + name + "'");
    for (const auto &[key, value] : metadata)
      if (key.starts_with(staticPrefix) && !visited.contains(key))
        problems.push_back("the tree has no value '" +
                           key.substr(staticPrefix.size()) + "'");
  }
};

std::string listOf(const std::vector<std::string> &problems) {
  constexpr std::size_t most = 5;
  std::string list;
  for (std::size_t i = 0; i < std::min(problems.size(), most); ++i)
    list += (i ? "; " : "") + problems[i];
  if (problems.size() > most)
    list += fmt::format("; and {} more", problems.size() - most);
  return list;
}

} // namespace

void save_checkpoint(const std::string &path,
                     const std::function<void(Walker &)> &tree, Where where) {
  Saver saver(where);
  tree(saver);
  io::NamedArrays arrays;
  for (const auto &[name, t] : saver.tensors)
    arrays.emplace_back(name, known(t, "save_checkpoint", where).array);
  try {
    io::saveSafetensors(path, arrays, saver.metadata);
  } catch (const io::FileError &error) {
    throw Error(where, "save_checkpoint", error.what());
  }
}

void load_checkpoint(const std::string &path,
                     const std::function<void(Walker &)> &tree, Where where) {
  const char *op = "load_checkpoint";
  Loader loader(where);
  try {
    loader.arrays = io::loadSafetensors(path, &loader.metadata);
  } catch (const io::FileError &error) {
    throw Error(where, op, error.what());
  }
  const auto found = loader.metadata.find(versionKey);
  if (found == loader.metadata.end())
    throw Error(where, op,
                path + ": not written by save_checkpoint (mg::load reads it)");
  if (found->second != version)
    throw Error(where, op, path + ": a checkpoint of version " + found->second);
  tree(loader);
  loader.noteUnvisited();
  if (!loader.problems.empty())
    throw Error(where, op, path + ": " + listOf(loader.problems));
}

} // namespace mg::detail
