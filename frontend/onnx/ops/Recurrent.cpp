//===- Recurrent.cpp - LSTM, GRU, RNN, linear attention -------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::recurrent() { return {}; }

} // namespace mg::onnx
