//===- CallCases.cpp - cases of calls and of what a derivative sees -------===//
#include "Cases.h"

using namespace mg::test;

/// y = a sin(b)
static const char *const product = R"(
func.func private @product(%a: tensor<4xf64>, %b: tensor<4xf64>) -> tensor<4xf64> {
  %s = mg.sin %b : tensor<4xf64>
  %n = mg.name %s "sine" : tensor<4xf64>
  %y = mg.mul %a, %n : tensor<4xf64>
  return %y : tensor<4xf64>
}
)";

/// A rule for it, with sin(b) and both arguments as residuals.
static const char *const rule = R"(
func.func private @product.forward(%a: tensor<4xf64>, %b: tensor<4xf64>)
    -> (tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>) {
  %s = mg.sin %b : tensor<4xf64>
  %y = mg.mul %a, %s : tensor<4xf64>
  return %y, %a, %b, %s : tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>
}
func.func private @product.backward(%a: tensor<4xf64>, %b: tensor<4xf64>, %s: tensor<4xf64>, %g: tensor<4xf64>)
    -> (tensor<4xf64>, tensor<4xf64>) {
  %da = mg.mul %g, %s : tensor<4xf64>
  %c = mg.cos %b : tensor<4xf64>
  %ga = mg.mul %g, %a : tensor<4xf64>
  %db = mg.mul %ga, %c : tensor<4xf64>
  return %da, %db : tensor<4xf64>, tensor<4xf64>
}
)";

void mg::test::addCallCases(Cases &cases) {
  const std::vector<Operand> two = {{"4xf64"}, {"4xf64"}};
  cases.push_back({"call", two, "callee = @product", {"4xf64"}, product});
  const std::string named = "name = \"product\", composite_attributes = {}, "
                            "decomposition = @product";
  cases.push_back({"composite", two, named, {"4xf64"}, product});
  cases.push_back(
      {"composite",
       two,
       named + ", forward = @product.forward, backward = @product.backward",
       {"4xf64"},
       std::string(product) + rule});
  for (std::string policy : {"nothing", "everything", "dots"})
    cases.push_back(
        {"checkpoint",
         two,
         "callee = @product, policy = #mg<checkpoint_policy " + policy + ">",
         {"4xf64"},
         product});
  cases.push_back({"checkpoint",
                   two,
                   "callee = @product, policy = #mg<checkpoint_policy names>, "
                   "names = [\"sine\"]",
                   {"4xf64"},
                   product});
  cases.push_back({"checkpoint",
                   two,
                   "callee = @product, policy = #mg<checkpoint_policy bytes>, "
                   "bytes = 32 : i64",
                   {"4xf64"},
                   product});
  cases.push_back({"name", {{"3xf64"}}, "name = \"x\""});
  cases.push_back({"barrier", {{"3xf64"}, {"2xf64"}}});
  Case opaque{"stop_gradient", {{"3xf64"}}};
  opaque.isOpaque = true;
  cases.push_back(opaque);
}
