//===- ModelCall.cpp - a compiled model called by its descriptor ----------===//
#include "frontend/driver/ModelCall.h"

#include "frontend/driver/Failure.h"
#include "frontend/driver/Values.h"

#include <fmt/format.h>

#include <cstring>
#include <span>

namespace mg::driver {

namespace {

std::vector<void *> pointers(const std::vector<eager::Array> &arrays) {
  std::vector<void *> result;
  for (const eager::Array &array : arrays)
    result.push_back(array.view.data);
  return result;
}

} // namespace

ModelCall::ModelCall(const mg_model &model, const io::NamedArrays &available)
    : model(model) {
  for (const mg_argument &wanted :
       std::span(model.weights, model.weight_count)) {
    const eager::Array *found = io::find(available, wanted.name);
    if (!found)
      throw Failure(Exit::File, "mgc",
                    fmt::format("no weight named '{}'", wanted.name),
                    "--weights FILE.safetensors");
    std::string type = formatType(found->view.dtype, found->shape());
    if (type != formatType(wanted))
      throw Failure(Exit::Invalid, "mgc",
                    fmt::format("the weight '{}' is {} where {} is expected",
                                wanted.name, type, formatType(wanted)));
    weights.push_back(eager::rowMajor(*found));
  }
}

int ModelCall::operator()(int index, const std::vector<eager::Array> &inputs,
                          std::vector<eager::Array> &outputs,
                          mg_pool *pool) const {
  const mg_entry &entry = model.entries[index];
  std::vector<eager::Array> rows;
  for (const eager::Array &input : inputs)
    rows.push_back(eager::rowMajor(input, pool));
  outputs.clear();
  for (std::uint32_t i = 0; i < entry.output_count; ++i) {
    const mg_argument &output = entry.outputs[i];
    outputs.push_back(
        eager::allocate(static_cast<mg_dtype>(output.dtype),
                        {output.shape, static_cast<std::size_t>(output.rank)}));
    if (const std::int32_t updated = entry.updates[i]; updated >= 0) {
      std::memcpy(outputs.back().view.data, rows[updated].view.data,
                  rows[updated].bytes());
      rows[updated] = outputs.back();
    }
  }
  // Fresh memory is aligned to 64 bytes, as every entry wants it.
  auto bytes = static_cast<std::int64_t>(entry.workspace_bytes);
  eager::Array workspace = eager::allocate(MG_U8, {&bytes, 1});
  return entry.call(pointers(weights).data(), pointers(rows).data(),
                    pointers(outputs).data(), workspace.view.data, pool);
}

} // namespace mg::driver
