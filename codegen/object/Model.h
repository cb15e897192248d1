//===- Model.h - what a linalg module offers to its callers ---------------===//
//
// Read once from the attributes of the module, before anything is lowered: the
// entries, their arguments, the weights, and the C names of all of them. The
// header, the descriptor and the entry points are three views of this.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_OBJECT_MODEL_H
#define MG_CODEGEN_OBJECT_MODEL_H

#include "codegen/Compiler.h"

namespace mg::codegen {

/// A weight of the model, whichever entries read it.
struct Weight {
  Argument argument;
  /// Its field in `struct NAME_weights`.
  std::string field;
  /// The bytes to embed; empty: it stays outside.
  llvm::ArrayRef<char> bytes;
  /// Outside: its place in `struct NAME_weights`.
  unsigned place = 0;
  bool isOutside() const { return bytes.empty(); }
};

/// An array that the caller keeps between calls, of whichever entries.
struct StateArray {
  Argument argument;
  /// Its field in `struct NAME_state`.
  std::string field;
};

/// One entry. Its function in the module, from the boundary on, takes inputs,
/// weights, outputs that update no input, workspace and pool, and returns an
/// `i32`.
struct ModelEntry {
  Entry entry;
  /// Name of its function in the module.
  std::string function;
  /// Places in Model::weights.
  std::vector<unsigned> weights;
  /// Per input and output: its place in Model::state, or -1: a parameter.
  std::vector<int> inputState, outputState;
  /// Parameter names of the C prototype.
  std::vector<std::string> inputNames, outputNames;
  /// Of an entry that is one of several for different sizes: the C name of the
  /// function that chooses, and the sizes that this one is for.
  std::string chooser;
  struct Size {
    /// Of the chooser's parameter.
    std::string name;
    int64_t size;
  };
  std::vector<Size> sizes;

  bool takesState() const;
  bool isUpdated(unsigned input) const;
  bool isInputParameter(unsigned i) const { return inputState[i] < 0; }
  /// One with a pointer of its own.
  bool isOutputParameter(unsigned i) const {
    return outputState[i] < 0 && entry.updates[i] < 0;
  }
};

struct Model {
  /// Prefix of every symbol, a C identifier; `title` is as the user wrote it.
  std::string name, title;
  std::vector<ModelEntry> entries;
  std::vector<Weight> weights;
  /// The fields of `struct NAME_state`.
  std::vector<StateArray> state;

  /// Those in `struct NAME_weights`, in its order.
  std::vector<const Weight *> getOutsideWeights() const;
};

/// Bytes of the array; no value where they are more than 2^63 - 1.
std::optional<uint64_t> byteSize(const Argument &argument);

/// Emits an error and fails where the module is not of the `linalg` level.
mlir::FailureOr<Model> readModel(mlir::ModuleOp module, const Options &options);

} // namespace mg::codegen

#endif // MG_CODEGEN_OBJECT_MODEL_H
