//===- Streams.h - large results past the caches --------------------------===//
//
// A store first reads its cache line, and a result that is larger than the
// caches pushes out what others left there. Non-temporal stores do neither:
// they pay where the result comes from memory's side of the last cache, and
// cost where its reader would have found it in the cache. They want whole,
// aligned vectors. So a result is streamed if
//
//  - it is an argument of the function of at least `streamBytes`, or of
//    `turnedStreamBytes` where it is only the transpose of something: its lines
//    are waited for one by one, as no prefetcher sees such a walk (2048 x 2048
//    floats: 1.2 instead of 2.0 ms; and 2.4 instead of 2.7 with a pass over the
//    result, that has to come from memory, after it),
//  - nothing else in its kernel touches it,
//  - every vector of it is full and aligned if its first element is: one loop
//    walks it by ones, the others by multiples of a cache line,
//  - its first element is aligned, which is asked when it runs: arrays come
//    from the caller.
//
// The other branch has the same loops with ordinary stores.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_NESTS_STREAMS_H
#define MG_CODEGEN_NESTS_STREAMS_H

#include "codegen/nests/LoopNest.h"

#include "mlir/IR/Builders.h"

namespace mg::codegen {

/// From here on non-temporal stores are worth it.
inline constexpr int64_t streamBytes = 32 << 20;
inline constexpr int64_t turnedStreamBytes = 4 << 20;

/// The outputs that can be streamed where they are aligned; `nests` are all
/// nests of the kernel.
llvm::SmallVector<Access *> findStreams(llvm::ArrayRef<LoopNest *> nests);

/// Whether the outputs are aligned, at run time.
mlir::Value areAligned(mlir::OpBuilder &b, mlir::Location loc,
                       llvm::ArrayRef<Access *> streams);

inline bool isStreamed(const Access &output) { return output.streamed; }

/// At the end of a task: its non-temporal stores become visible to others.
void finishStreams(mlir::OpBuilder &b, mlir::Location loc);

} // namespace mg::codegen

#endif // MG_CODEGEN_NESTS_STREAMS_H
