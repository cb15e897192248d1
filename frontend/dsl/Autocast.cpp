//===- Autocast.cpp - which op takes its operands in which dtype ----------===//
#include "frontend/dsl/Autocast.h"

#include "mg/autocast.h"

#include <algorithm>
#include <cassert>
#include <string_view>

namespace mg {

static thread_local DType policy = DType::f32;

const std::vector<AutocastRule> &autocast_table() {
  static const std::vector<AutocastRule> table{
      {"matmul", true},         {"dot_general", true},
      {"tensordot", true},      {"einsum", true},
      {"conv", true},           {"scaled_dot_product_attention", true},
      {"sum", false},           {"prod", false},
      {"mean", false},          {"var", false},
      {"std", false},           {"cumsum", false},
      {"cumprod", false},       {"exp", false},
      {"expm1", false},         {"log", false},
      {"log1p", false},         {"pow", false},
      {"rsqrt", false},         {"softplus", false},
      {"log_sigmoid", false},   {"softmax", false},
      {"log_softmax", false},   {"logsumexp", false},
      {"layer_norm", false},    {"rms_norm", false},
      {"batch_norm", false},    {"group_norm", false},
      {"cross_entropy", false},
  };
  return table;
}

AutocastScope::AutocastScope(DType dtype, Where where) : before_(policy) {
  if (dtype != DType::bf16 && dtype != DType::f16 && dtype != DType::f32)
    throw Error(where, "autocast",
                std::string("to ") + to_string(dtype) +
                    ": only f16 and bf16 are narrow, f32 is none");
  policy = dtype;
}
AutocastScope::~AutocastScope() { policy = before_; }

DType detail::autocastDType() { return policy; }

DType detail::autocastTo(const char *op, DType dtype) {
  const bool isCast =
      dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
  if (policy == DType::f32 || !isCast)
    return dtype;
  const auto &table = autocast_table();
  const auto rule =
      std::find_if(table.begin(), table.end(), [&](const AutocastRule &r) {
        return std::string_view(r.op) == op;
      });
  if (rule == table.end())
    return dtype;
  return rule->is_narrow ? policy : DType::f32;
}

} // namespace mg
