//===- CompileModel.h - the verb compile ----------------------------------===//
#ifndef MG_FRONTEND_DRIVER_COMPILEMODEL_H
#define MG_FRONTEND_DRIVER_COMPILEMODEL_H

#include "frontend/driver/LoadedModel.h"

namespace mg::driver {

/// What a file is to hold, from the form for readers to that for loaders.
enum class OutputKind {
  /// A level of the IR as text.
  Text,
  Object,
  Archive,
  SharedLibrary,
  Executable
};

struct OutputPlan {
  OutputKind kind;
  /// The level's name, "obj" for everything that is linked.
  std::string level;
};

/// From OUT's ending: .o .a .so .s .ll .mlir, none; `emit`, where it is not
/// empty, is a level that overrides it. Throws Failure (Usage).
OutputPlan planOutput(const std::string &out, const std::string &emit);

/// Compiles to `out` ("-": stdout) and, for what C programs link, to a header
/// beside it.
Exit compileModel(const Options &options, const ModelSource &source,
                  const std::string &out, const OutputPlan &plan);

/// The same of a model that was read, and maybe changed.
Exit compileLoaded(LoadedModel &model, const std::string &out,
                   const OutputPlan &plan);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_COMPILEMODEL_H
