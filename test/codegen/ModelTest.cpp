// What a linalg module says about itself, right and wrong.
#include "Compiled.h"

#include "codegen/object/EmitEntry.h"

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

/// A module named `name` with one entry of these arguments, which returns its
/// first.
std::string moduleOf(const std::string &name, const std::string &entry,
                     const std::string &arguments) {
  return "module attributes {mg.name = \"" + name + "\"} {\n  func.func @\"" +
         entry + "\"(" + arguments +
         ")\n      -> (tensor<2xf32> {mg.name = \"out\", mg.dtype = \"f32\"})\n"
         "      attributes {mg.entry} {\n    return %a : tensor<2xf32>\n  }\n}";
}

std::string errorsOf(const std::string &text, Options options = {}) {
  std::string errors;
  EXPECT_TRUE(mlir::failed(compileText(text, options, &errors)));
  return errors;
}

const std::string plain =
    "%a: tensor<2xf32> {mg.name = \"a\", mg.dtype = \"f32\"}";

TEST(Model, NamesBecomeIdentifiers) {
  auto artefact = compileText(
      moduleOf("my-net.v2", "do/it",
               "%a: tensor<2xf32> {mg.name = \"int\", mg.dtype = \"f32\"}, "
               "%b: tensor<2xf32> {mg.name = \"x.1\", mg.dtype = \"f32\"}, "
               "%c: tensor<2xf32> {mg.name = \"x/1\", mg.dtype = \"f32\"}, "
               "%d: tensor<2xf32> {mg.name = \"1*/\", mg.dtype = \"f32\"}"),
      {});
  ASSERT_TRUE(mlir::succeeded(artefact));
  EXPECT_EQ(artefact->name, "my_net_v2");
  EXPECT_EQ(artefact->entries[0].symbol, "my_net_v2_do_it");
  EXPECT_EQ(artefact->entries[0].name, "do/it");
  const std::string &header = artefact->header;
  for (const char *part :
       {"const float *int_,", "const float *x_1,", "const float *x_1_2,",
        "const float *v1__,", "#ifndef MY_NET_V2_H",
        "MY_NET_V2_DO_IT_WORKSPACE_BYTES", "my_net_v2_model(void)"})
    EXPECT_NE(header.find(part), std::string::npos) << part << "\n" << header;
  // A name must not end the comment it stands in.
  EXPECT_EQ(header.find("1*/"), std::string::npos);
}

TEST(Model, SymbolsOfEntriesDiffer) {
  std::string text = moduleOf("m", "a.b", plain);
  text.pop_back();
  text +=
      moduleOf("m", "a_b", plain)
          .substr(std::string("module attributes {mg.name = \"m\"} {").size());
  auto artefact = compileText(text, {});
  ASSERT_TRUE(mlir::succeeded(artefact));
  EXPECT_EQ(artefact->entries[0].symbol, "m_a_b");
  EXPECT_EQ(artefact->entries[1].symbol, "m_a_b_2");
}

TEST(Model, ANameOfTheCallerWins) {
  auto artefact = compileText(moduleOf("m", "run", plain), {.name = "other"});
  ASSERT_TRUE(mlir::succeeded(artefact));
  EXPECT_EQ(artefact->entries[0].symbol, "other_run");
}

/// An entry of arguments and results with these attributes, "TYPE {..}" each,
/// that returns its first argument.
std::string errorsOfEntry(const std::vector<std::string> &arguments,
                          const std::vector<std::string> &results) {
  const auto attributed = [](std::string text) {
    return "tensor<" + text.substr(0, 1) +
           "xf32> {mg.dtype = \"f32\", mg.name = " + text.substr(1) + "}";
  };
  std::string text = "func.func @f(", returns = ") -> (", values, types;
  for (size_t i = 0; i < arguments.size(); ++i)
    text += (i ? ", %" : "%") + std::string(1, char('a' + i)) + ": " +
            attributed(arguments[i]);
  for (size_t i = 0; i < results.size(); ++i) {
    returns += (i ? ", " : "") + attributed(results[i]);
    values += i ? ", %a" : "%a";
    types += i ? ", tensor<2xf32>" : "tensor<2xf32>";
  }
  return errorsOf("module {" + text + returns +
                  ") attributes {mg.entry} {return " + values + " : " + types +
                  "}}");
}

TEST(Model, UpdatesAndStateAreChecked) {
  const auto contains = [](const std::string &errors, const char *part) {
    EXPECT_NE(errors.find(part), std::string::npos) << errors;
  };
  contains(errorsOfEntry({"2\"a\""}, {"2\"y\", mg.updates = 1"}),
           "entry 'f': output 'y' updates no input");
  contains(errorsOfEntry({"2\"a\""}, {"2\"y\", mg.updates = -1"}),
           "entry 'f': output 'y' updates no input");
  contains(errorsOfEntry({"2\"a\"", "3\"b\""}, {"2\"y\", mg.updates = 1"}),
           "output 'y' has another type than 'b', which it updates");
  contains(errorsOfEntry({"2\"a\""},
                         {"2\"y\", mg.updates = 0", "2\"z\", mg.updates = 0"}),
           "output 'z' updates 'a', as another does");
  contains(errorsOfEntry({"2\"a\", mg.state", "2\"a\", mg.state"}, {"2\"y\""}),
           "two inputs are state 'a'");
  contains(errorsOfEntry({"2\"a\"", "3\"b\", mg.state"}, {"2\"b\", mg.state"}),
           "state 'b' has another type elsewhere");
  contains(errorsOfEntry({"2\"a\", mg.state"}, {"2\"a\", mg.state"}),
           "state 'a' is written beside another use of it");
}

TEST(Model, WhatIsMissingOrWrongIsSaid) {
  const auto contains = [](const std::string &errors, const char *part) {
    EXPECT_NE(errors.find(part), std::string::npos) << errors;
  };
  contains(errorsOf("module {}"), "no entry");
  contains(errorsOf(moduleOf("m", "f", "%a: tensor<2xf32>")),
           "entry 'f': input 0: has no 'mg.dtype'");
  contains(
      errorsOf(moduleOf("m", "f", "%a: tensor<2xf32> {mg.dtype = \"q4\"}")),
      "unknown dtype 'q4'");
  contains(
      errorsOf(moduleOf("m", "f", "%a: tensor<2xf32> {mg.dtype = \"i64\"}")),
      "is no array of i64");
  contains(errorsOf(moduleOf("m", "f",
                             plain + ", %b: tensor<?xf32> {mg.dtype = "
                                     "\"f32\"}")),
           "static shape");
  contains(errorsOf(moduleOf(
               "m", "f",
               plain + ", %b: tensor<4294967296x4294967296xf32> {mg.dtype = "
                       "\"f32\"}")),
           "too large");
  contains(errorsOf(moduleOf("m", "f", plain), {.levels = {"i386"}}),
           "unknown CPU level 'i386'");
  contains(
      errorsOf(moduleOf("m", "f", plain),
               {.levels = {"x86-64-v2", "x86-64-v3"}, .emit = Emit::LLVMIR}),
      "exactly one CPU level");
  Options short1;
  short1.embeddedWeight = [](llvm::StringRef) {
    return llvm::ArrayRef<char>("abc", 3);
  };
  contains(errorsOf(moduleOf("m", "f",
                             plain + ", %b: tensor<2xf32> {mg.name = \"w\", "
                                     "mg.dtype = \"f32\", mg.weight}"),
                    short1),
           "has 3 bytes, but its type needs 8");
}

} // namespace
