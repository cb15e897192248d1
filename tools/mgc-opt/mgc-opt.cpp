//===- mgc-opt.cpp - runs passes on a file --------------------------------===//
#include "codegen/Passes.h"
#include "codegen/Pipeline.h"
#include "ir/Dialect.h"
#include "passes/Pipeline.h"

#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::func::registerInlinerExtension(registry);
  mlir::registerAllPasses();
  mlir::mg::registerPasses();
  mg::codegen::registerCodegenPasses();
  mg::codegen::registerPipelines();
  registry.insert<mlir::mg::MgDialect>();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "minigrad's optimizer driver\n", registry));
}
