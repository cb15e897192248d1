// bench-models MODEL [--tiny] [--batch N] [--length N] [--bf16] -o PREFIX: a
// whole model with weights from a fixed seed, as PREFIX.mlir and
// PREFIX.safetensors, for `mgc` and for tools/bench --suite model. MODEL is one
// of mlp, wide-mlp, resnet, mobilenet, bert, gpt-prompt, gpt-step, unet;
// --length counts tokens, of gpt-step those that the cache holds.
#include "bert.h"
#include "gpt.h"
#include "mlp.h"
#include "mobilenet.h"
#include "resnet.h"
#include "unet.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>

using mg::DType;
using mg::Tensor;
namespace aot = mg::aot;

namespace {

struct Request {
  std::string model, prefix;
  bool is_tiny = false;
  std::int64_t batch = 1, length = 128;
  DType dtype = DType::f32;
};

Tensor between(const mg::Key &key, const Tensor &like, double low,
               double high) {
  return uniform(key, like.shape(), static_cast<float>(low),
                 static_cast<float>(high));
}

/// A leaf's value: each kind so that signals keep their size through many
/// layers, and no norm or bias is the one that does nothing.
Tensor valueOf(const mg::Key &key, const std::string &path, const Tensor &t) {
  const mg::Shape &shape = t.shape();
  if (path.ends_with("running_var") || path.ends_with("scale"))
    return between(key, t, 0.5, 1.5);
  if (shape.size() < 2)
    return between(key, t, -0.1, 0.1);
  if (path.ends_with("table") || path.ends_with("places"))
    return between(key, t, -0.05, 0.05);
  // Weights of products are (in, out), of convolutions (out, in, kernel..).
  const std::int64_t fan =
      shape.size() == 2 ? shape[0]
                        : std::accumulate(shape.begin() + 1, shape.end(),
                                          std::int64_t(1), std::multiplies());
  const double bound = std::sqrt((shape.size() == 2 ? 3.0 : 6.0) / double(fan));
  return between(key, t, -bound, bound);
}

template <class M> M weighted(M model, DType dtype) {
  int number = 0;
  const mg::Key key(1);
  mg::for_each_leaf(model, [&](const std::string &path, Tensor &t) {
    t = astype(valueOf(key.fold(number++), path, t), dtype);
  });
  return model;
}

/// Writes a model whose entry is `call(model, arguments..)`.
template <class M, class F, class... A>
void write(const Request &request, const M &like, F call,
           std::vector<std::string> results, const A &...arguments) {
  const M model = weighted(like, request.dtype);
  mg::save(request.prefix + ".safetensors", model);
  const std::string text = aot::to_mlir(
      "model", {aot::entry("main", call, aot::weights(model), arguments...)
                    .returns(std::move(results))});
  std::ofstream out(request.prefix + ".mlir");
  if (!(out << text).flush())
    throw std::runtime_error("cannot write " + request.prefix + ".mlir");
}

/// Models of one input and one result.
template <class M>
void writePlain(const Request &request, const M &like, const Tensor &x) {
  write(
      request, like, [](M m, Tensor x) { return m(x); }, {"y"},
      aot::input("x", x));
}

Tensor image(const Request &request, std::int64_t size) {
  return mg::spec({request.batch, 3, size, size}, request.dtype);
}

void writeMlp(const Request &r, const models::Mlp::Sizes &sizes) {
  writePlain(r, models::Mlp::init(mg::Key(0), sizes),
             mg::spec({r.batch, sizes[0]}, r.dtype));
}

void writeGpt(const Request &r) {
  using models::Gpt;
  using Cache = std::vector<models::Cached>;
  const Gpt::Sizes sizes =
      r.is_tiny ? Gpt::Sizes{32, 40, 16, 2, 2} : Gpt::Sizes{};
  const Gpt like = Gpt::init(mg::Key(0), sizes);
  if (r.model == "gpt-prompt")
    return write(
        r, like, [](Gpt m, Tensor x) { return m.prompt(x); }, {"y", "cache"},
        aot::input("x", mg::spec({r.batch, r.length}, DType::i32)));
  const Tensor one = mg::spec(
      {r.batch, sizes.heads, r.length, sizes.width / sizes.heads}, r.dtype);
  write(
      r, like,
      [](Gpt m, Tensor x, Tensor place, Cache cache) {
        return m.step(x, place, std::move(cache));
      },
      {"y", "cache"}, aot::input("x", mg::spec({r.batch, 1}, DType::i32)),
      aot::input("place", mg::spec({1}, DType::i32)),
      aot::state("cache",
                 Cache(static_cast<std::size_t>(sizes.layers), {one, one})));
}

void writeModel(const Request &r) {
  using namespace models;
  const mg::Key key(0);
  const bool tiny = r.is_tiny;
  if (r.model == "mlp")
    return writeMlp(r, tiny ? Mlp::Sizes{20, 12, 7}
                            : Mlp::Sizes{784, 512, 512, 10});
  if (r.model == "wide-mlp")
    return writeMlp(r, tiny ? Mlp::Sizes{30, 40, 5}
                            : Mlp::Sizes{1024, 4096, 4096, 1024});
  if (r.model == "resnet")
    return writePlain(r,
                      Resnet::init(key, tiny ? Resnet::Sizes{4, 10, {1, 2}}
                                             : Resnet::Sizes{}),
                      image(r, tiny ? 20 : 224));
  if (r.model == "mobilenet")
    return writePlain(
        r,
        Mobilenet::init(
            key, tiny
                     ? Mobilenet::Sizes{4, 12, 10, {{1, 4, 1, 1}, {2, 6, 2, 2}}}
                     : Mobilenet::Sizes{}),
        image(r, tiny ? 20 : 224));
  if (r.model == "unet")
    return writePlain(
        r, Unet::init(key, tiny ? Unet::Sizes{4, 2, 2} : Unet::Sizes{}),
        image(r, tiny ? 12 : 128));
  if (r.model == "bert")
    return writePlain(
        r,
        Bert::init(key, tiny ? Bert::Sizes{32, 40, 16, 2, 2} : Bert::Sizes{}),
        mg::spec({r.batch, r.length}, DType::i32));
  if (r.model == "gpt-prompt" || r.model == "gpt-step")
    return writeGpt(r);
  throw std::invalid_argument("no model '" + r.model + "'");
}

/// False where the words make no request.
bool parse(int argc, char **argv, Request &request) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--tiny")
      request.is_tiny = true;
    else if (word == "--bf16")
      request.dtype = DType::bf16;
    else if (word == "-o" && i + 1 < argc)
      request.prefix = argv[++i];
    else if (word == "--batch" && i + 1 < argc)
      request.batch = std::atoll(argv[++i]);
    else if (word == "--length" && i + 1 < argc)
      request.length = std::atoll(argv[++i]);
    else if (word[0] != '-' && request.model.empty())
      request.model = word;
    else
      return false;
  }
  return !request.model.empty() && !request.prefix.empty() &&
         request.batch > 0 && request.length > 0;
}

} // namespace

int main(int argc, char **argv) try {
  Request request;
  if (!parse(argc, argv, request)) {
    std::fprintf(stderr, "usage: bench-models MODEL [--tiny] [--batch N] "
                         "[--length N] [--bf16] -o PREFIX\n");
    return 2;
  }
  writeModel(request);
} catch (const std::exception &e) {
  std::fprintf(stderr, "bench-models: %s\n", e.what());
  return 1;
}
