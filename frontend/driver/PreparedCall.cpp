//===- PreparedCall.cpp - a compiled entry with its memory at hand --------===//
#include "frontend/driver/PreparedCall.h"

#include <cstring>

namespace mg::driver {

static eager::Array copyOf(const eager::Array &array) {
  const eager::Array rows = eager::rowMajor(array);
  eager::Array copy = eager::allocate(array.view.dtype, array.shape());
  std::memcpy(copy.view.data, rows.view.data, rows.bytes());
  return copy;
}

PreparedCall::PreparedCall(std::shared_ptr<Program> compiled, int entryIndex,
                           const std::vector<eager::Array> &inputs)
    : program(std::move(compiled)), index(entryIndex) {
  for (const eager::Array &input : inputs) {
    inputArrays.push_back(copyOf(input));
    inputPointers.push_back(inputArrays.back().view.data);
  }
  for (std::uint32_t i = 0; i < entry().output_count; ++i) {
    const std::int32_t updated = entry().updates[i];
    const mg_argument &output = entry().outputs[i];
    if (updated >= 0) {
      results.push_back(inputArrays[updated]);
    } else {
      results.push_back(eager::allocate(
          static_cast<mg_dtype>(output.dtype),
          {output.shape, static_cast<std::size_t>(output.rank)}));
      std::memset(results.back().view.data, 0xff, results.back().bytes());
    }
    outputPointers.push_back(results.back().view.data);
  }
  const auto bytes = static_cast<std::int64_t>(entry().workspace_bytes);
  workspace = eager::allocate(MG_U8, {&bytes, 1});
}

int PreparedCall::operator()(mg_pool *pool) const {
  return entry().call(program->weights(), inputPointers.data(),
                      outputPointers.data(), workspace.view.data, pool);
}

std::size_t PreparedCall::bytes() const {
  std::size_t total = workspace.bytes();
  for (std::size_t i = 0; i < results.size(); ++i)
    if (entry().updates[i] < 0)
      total += results[i].bytes();
  return total;
}

} // namespace mg::driver
