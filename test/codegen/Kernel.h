//===- Kernel.h - one linalg.generic as a module, for tests ---------------===//
#ifndef MG_TEST_CODEGEN_KERNEL_H
#define MG_TEST_CODEGEN_KERNEL_H

#include "Compiled.h"

#include "llvm/Support/raw_ostream.h"

namespace mg::codegen::test {

struct Operand {
  std::vector<int64_t> shape;
  /// Results of the indexing map, over d0, d1, ..
  std::string map;
  std::string type = "f32";

  std::string tensor() const {
    std::string text = "tensor<";
    for (int64_t extent : shape)
      text += std::to_string(extent) + "x";
    return text + type + ">";
  }
  int64_t count() const {
    int64_t n = 1;
    for (int64_t extent : shape)
      n *= extent;
    return n;
  }
};

/// out = generic(inputs) into a tensor filled with `init`. The body's arguments
/// are %a0, %a1, .. and %acc.
struct Kernel {
  std::vector<Operand> inputs;
  Operand output = {};
  /// "pr": a parallel loop, then a reduction.
  std::string loops;
  std::string body;
  std::string init = "0.0";
  std::string attributes = {};

  std::string text() const;

private:
  std::string list(const std::string &separator,
                   llvm::function_ref<std::string(size_t)> item) const {
    std::string text;
    for (size_t i = 0; i < inputs.size(); ++i)
      text += (i ? separator : "") + item(i);
    return text;
  }
};

inline std::string Kernel::text() const {
  std::string dims, iterators, maps;
  for (size_t d = 0; d < loops.size(); ++d) {
    dims += (d ? ", d" : "d") + std::to_string(d);
    iterators +=
        (d ? ", " : "") +
        std::string(loops[d] == 'p' ? "\"parallel\"" : "\"reduction\"");
  }
  auto map = [&](const Operand &o) {
    return "affine_map<(" + dims + ") -> (" + o.map + ")>";
  };
  for (const Operand &input : inputs)
    maps += map(input) + ", ";
  auto number = [](size_t i) { return std::to_string(i); };
  auto dtype = [](const Operand &o) {
    return " {mg.dtype = \"" + o.type + "\", mg.name = \"";
  };
  const std::string out = output.tensor();
  return "module attributes {mg.name = \"k\"} {\nfunc.func @f(" +
         list(", ",
              [&](size_t i) {
                return "%x" + number(i) + ": " + inputs[i].tensor() +
                       dtype(inputs[i]) + "x" + number(i) + "\"}";
              }) +
         ") -> (" + out + dtype(output) + "y\"}) attributes {mg.entry} {\n" +
         "%init = arith.constant " + init + " : " + output.type +
         "\n%empty = tensor.empty() : " + out +
         "\n%old = linalg.fill ins(%init : " + output.type +
         ") outs(%empty : " + out + ") -> " + out +
         "\n%y = linalg.generic {indexing_maps = [" + maps + map(output) +
         "], iterator_types = [" + iterators + "]}" +
         (inputs.empty()
              ? ""
              : " ins(" +
                    list(", ", [&](size_t i) { return "%x" + number(i); }) +
                    " : " +
                    list(", ", [&](size_t i) { return inputs[i].tensor(); }) +
                    ")") +
         " outs(%old : " + out + ") attrs = {" + attributes + "} {\n^bb0(" +
         list(", ",
              [&](size_t i) {
                return "%a" + number(i) + ": " + inputs[i].type;
              }) +
         (inputs.empty() ? "" : ", ") + "%acc: " + output.type + "):\n" + body +
         "\n} -> " + out + "\nreturn %y : " + out + "\n}\n}\n";
}

} // namespace mg::codegen::test

#endif // MG_TEST_CODEGEN_KERNEL_H
