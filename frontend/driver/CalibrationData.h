//===- CalibrationData.h - examples for the inputs of an entry ------------===//
//
// A folder of arrays: NAME.npy for the input NAME, and .npz or .safetensors
// files with arrays of these names, in the order of the files' names. An array
// has the input's shape, or more along its first dimension: then it is cut
// into calls, and what is left of it is not used. `labels`, integers, are the
// right class of each row of the first output.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_CALIBRATIONDATA_H
#define MG_FRONTEND_DRIVER_CALIBRATIONDATA_H

#include "frontend/io/NamedArrays.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <optional>

namespace mg::driver {

class CalibrationData {
public:
  /// Throws Failure: File where the folder or a file in it cannot be read or an
  /// input has no array, Invalid where an array does not fit.
  CalibrationData(const std::string &folder, mlir::func::FuncOp entry);

  std::size_t calls() const { return count; }
  std::vector<eager::Array> inputs(std::size_t call) const;
  bool hasLabels() const { return !labels.parts.empty(); }
  /// One per row of the first output.
  std::vector<std::int64_t> labelsOf(std::size_t call) const;

private:
  /// The arrays of one name, and how many of their rows a call takes.
  struct Series {
    std::string name;
    mlir::RankedTensorType type;
    std::vector<eager::Array> parts = {};
    std::size_t calls() const;
    eager::Array at(std::size_t call) const;
  };

  void read(const std::string &folder);
  void add(const std::string &path, const std::string &name,
           const eager::Array &array);
  void addLabels(const std::string &path, const eager::Array &array);

  std::vector<Series> series;
  Series labels;
  std::size_t count = 0;
};

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_CALIBRATIONDATA_H
