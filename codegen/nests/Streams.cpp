//===- Streams.cpp - large results past the caches ------------------------===//
//
// See Streams.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/Streams.h"

#include "codegen/nests/BufferRegions.h"
#include "codegen/nests/VectorPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace mg::codegen {

static constexpr int64_t lineBytes = 64;

/// An argument's memref as it was given: nothing but a start that must be
/// aligned.
static bool isWholeArgument(Value buffer) {
  auto argument = dyn_cast<BlockArgument>(buffer);
  return argument &&
         isa<FunctionOpInterface>(argument.getOwner()->getParentOp()) &&
         cast<MemRefType>(buffer.getType()).getLayout().isIdentity();
}

/// Whether vectors along the loop of stride one are aligned and full but for
/// the last of a row.
static bool hasWholeLines(const LoopNest &nest, const Access &output,
                          int64_t bytes) {
  unsigned contiguous = 0;
  for (unsigned d = 0; d < nest.size(); ++d) {
    if (output.strides[d] == 1 && nest.extents[d] * bytes >= lineBytes)
      ++contiguous;
    else if (nest.extents[d] > 1 && output.strides[d] * bytes % lineBytes != 0)
      return false;
  }
  return contiguous == 1 && output.offset * bytes % lineBytes == 0;
}

static bool isTouchedByOthers(ArrayRef<LoopNest *> nests,
                              const Access &output) {
  auto overlaps = [&](Value buffer) {
    return isa<MemRefType>(buffer.getType()) &&
           mayOverlap(buffer, output.buffer);
  };
  return llvm::any_of(nests, [&](LoopNest *nest) {
    bool loads = false;
    nest->body->walk(
        [&](memref::LoadOp load) { loads |= overlaps(load.getMemRef()); });
    return loads || llvm::any_of(nest->accesses(), [&](Access *access) {
             return access != &output && overlaps(access->buffer);
           });
  });
}

/// From how many bytes on the output is worth it.
static int64_t leastBytes(ArrayRef<LoopNest *> nests, const LoopNest &nest,
                          const Access &output) {
  auto along = llvm::find(output.strides, 1) - output.strides.begin();
  for (unsigned d = 0; d < nest.size(); ++d)
    if (nests.size() == 1 && d != along && isOnlyTurned(nest, along, d))
      return turnedStreamBytes;
  return streamBytes;
}

static bool canStream(ArrayRef<LoopNest *> nests, LoopNest &nest,
                      unsigned number) {
  const Access &output = nest.outputs[number];
  // The body of a linalg.map has no arguments for its outputs.
  unsigned argument = nest.inputs.size() + number;
  bool isRead = argument < nest.body->getNumArguments() &&
                !nest.body->getArgument(argument).use_empty();
  if (!isWholeArgument(output.buffer) || nest.isReduced(output) || isRead)
    return false;
  int64_t bytes = output.element.getIntOrFloatBitWidth() / 8;
  int64_t count = cast<MemRefType>(output.buffer.getType()).getNumElements();
  return bytes >= 4 && hasWholeLines(nest, output, bytes) &&
         count * bytes >= leastBytes(nests, nest, output) &&
         isOwnElement(nest, output) && !isTouchedByOthers(nests, output);
}

SmallVector<Access *> findStreams(ArrayRef<LoopNest *> nests) {
  SmallVector<Access *> streams;
  for (LoopNest *nest : nests)
    for (unsigned o = 0; o < nest->outputs.size(); ++o)
      if (canStream(nests, *nest, o))
        streams.push_back(&nest->outputs[o]);
  return streams;
}

Value areAligned(OpBuilder &b, Location loc, ArrayRef<Access *> streams) {
  Value bits;
  for (Access *stream : streams) {
    Value address =
        b.create<memref::ExtractAlignedPointerAsIndexOp>(loc, stream->buffer);
    bits =
        bits ? b.create<arith::OrIOp>(loc, bits, address).getResult() : address;
  }
  Value low = b.create<arith::AndIOp>(
      loc, bits, b.create<arith::ConstantIndexOp>(loc, lineBytes - 1));
  return b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, low,
                                 b.create<arith::ConstantIndexOp>(loc, 0));
}

void finishStreams(OpBuilder &b, Location loc) {
  b.create<LLVM::FenceOp>(loc, LLVM::AtomicOrdering::seq_cst,
                          /*syncscope=*/StringRef());
}

} // namespace mg::codegen
