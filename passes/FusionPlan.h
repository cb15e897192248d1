//===- FusionPlan.h - which loops run in one trip through memory -*- C++
//-*-===//
//
// The problem. A program is a graph of loop nests; what one nest writes the
// next reads, and between them it travels to memory and back. Nests that run
// together over common rows keep it in the cache, or in a register:
//
//   m = max(x)  e = exp(x - m)  s = sum(e)  y = e / s
//
//   for each row r:                       x is read once, y written once;
//     m   = max over c of x[r, c]         m and s are scalars, e is a row
//     e,s = exp(x[r, c] - m), its sum
//     y   = e[c] / s
//
// A *kernel* is a set of nests that run together. Three forms:
//
//  - one nest: all ops walk the same loops and read what others of them compute
//    at the same point only. They become one linalg.generic with several
//    results (x, its square and its sum; an optimizer's three updates);
//  - rows: the ops have row classes (LoopClasses.h). Ops that walk the same
//    loops become one nest, as above; a nest comes after those whose complete
//    rows it reads, so that softmax is three. A nest may reduce *across* the
//    rows if no one in the kernel waits for it;
//  - an epilogue: a contraction and one elementwise nest over its result, whose
//    rows are all parallel loops: codegen applies it to the registers.
//
// Legality, beyond the form: no path leads from one op of a kernel to another
// through an op outside of it (else neither could run first).
//
// Cost. Every tensor that two kernels share is read twice; one that passes from
// one to the other only is written and read. Joining them saves those bytes;
// the pair that saves most is joined first, until no pair is legal and saves
// anything. Against it stands: all that one row touches must stay in the second
// cache, there must be enough rows for the threads, and a contraction shares
// one operand among many rows, so it joins rows only where that operand is
// small or its own for each batch (attention), never with a layer's weights.
//
// Why greedy, and not optimal: the choice is among sums of bytes that differ by
// factors; where a tensor could go to either neighbour, the bytes of the two
// ways are what the greedy choice compares. Why not recompute: ProducerPlan.h
// has done so before, where it is free.
//
// Every edge that is left has a reason, which `mgc inspect` prints.
//
//===----------------------------------------------------------------------===//

#ifndef MG_PASSES_FUSIONPLAN_H
#define MG_PASSES_FUSIONPLAN_H

#include "passes/LoopClasses.h"

namespace mlir::mg {

/// Ops of a kernel that become one loop nest: numbers of ops, in order.
using Nest = SmallVector<unsigned>;

/// What a set of ops would be as a kernel.
struct Verdict {
  /// Null: it is one. Else why not, as the end of "not fused: ..".
  const char *refusal = nullptr;
  SmallVector<Nest> nests = {};
  /// Row classes, outermost first; only where there are several nests.
  SmallVector<unsigned> rows = {};
};

/// Whether the ops, in program order, can run together, and how.
Verdict judge(const LoopClasses &classes);

struct Kernel {
  /// In program order.
  SmallVector<linalg::GenericOp> ops;
  Verdict form;
};

/// A tensor that goes to memory between two kernels.
struct Unfused {
  Value tensor;
  Operation *user;
  const char *reason;
};

struct FusionPlan {
  /// Everything in the block but its terminator and destinations (tensor.empty,
  /// linalg.fill, constants), in an order that can run: kernels by their first
  /// op's position in `kernels`, other ops by themselves.
  struct Step {
    Operation *op = nullptr;
    int kernel = -1;
  };
  SmallVector<Step> steps;
  SmallVector<Kernel, 0> kernels;
  SmallVector<Unfused> unfused;
};

FusionPlan planFusion(Block &block);

/// Whether the op only makes memory for others, or a value from nothing: it can
/// be repeated wherever it is used.
bool isDestination(Operation *op);

} // namespace mlir::mg

#endif // MG_PASSES_FUSIONPLAN_H
