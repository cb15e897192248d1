//===- InspectVectors.cpp - loops by vectors or scalars, and the arena ----===//
#include "codegen/inspect/KernelRuns.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;

namespace mg::codegen {

namespace {

bool isInnermost(Operation *loop) {
  return !loop->walk([&](LoopLikeOpInterface inner) {
                return inner == loop ? WalkResult::advance()
                                     : WalkResult::interrupt();
              })
              .wasInterrupted();
}

void countLoop(Operation *loop, Inspection &inspection) {
  bool vectors = false, scalars = false;
  loop->walk([&](Operation *op) {
    vectors |= isa<vector::VectorDialect>(op->getDialect());
    scalars |= isa<memref::LoadOp, memref::StoreOp>(op);
  });
  if (vectors)
    ++inspection.vectorLoops;
  else if (scalars) {
    ++inspection.scalarLoops;
    inspection.scalarLocations.push_back(lineOf(loop->getLoc()));
  }
}

uint64_t numberOf(DictionaryAttr note, StringRef name) {
  return uint64_t(note.getAs<IntegerAttr>(name).getInt());
}

void readArena(func::FuncOp function, EntryFacts &entry) {
  if (auto bytes = function->getAttrOfType<IntegerAttr>("mg.workspace_bytes"))
    entry.workspaceBytes = uint64_t(bytes.getInt());
  if (auto arena = function->getAttrOfType<ArrayAttr>("mg.arena"))
    for (auto note : arena.getAsRange<DictionaryAttr>())
      entry.buffers.push_back(
          {numberOf(note, "offset"), numberOf(note, "bytes"),
           numberOf(note, "begin"), numberOf(note, "end"),
           lineOf(Location(note.getAs<LocationAttr>("loc")))});
}

} // namespace

void inspectVectors(ModuleOp vectors, Inspection &inspection) {
  for (EntryFacts &entry : inspection.entries)
    if (auto function = vectors.lookupSymbol<func::FuncOp>(entry.name))
      readArena(function, entry);
  vectors.walk([&](LoopLikeOpInterface loop) {
    if (isInnermost(loop))
      countLoop(loop, inspection);
  });
}

} // namespace mg::codegen
