//===- Signal.cpp - DFT, STFT, windows ------------------------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::signal() { return {}; }

} // namespace mg::onnx
