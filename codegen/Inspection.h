//===- Inspection.h - what the compiler made of a program, in numbers -----===//
//
// Filled by compile() where Options::inspection asks for it; what `mgc inspect`
// and the profile print. Plain data: nothing here knows the IR.
//
// A kernel is what runs in one trip: ops of one `mg.kernel`, or one op, with
// the fills of what it accumulates into. Its id is its place in program order,
// in the entry's text: the same in an inspection and in a profile.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_INSPECTION_H
#define MG_CODEGEN_INSPECTION_H

#include <cstdint>
#include <string>
#include <vector>

namespace mg::codegen {

/// One op of a kernel.
struct OpFacts {
  /// What it computes: "dot", "sub exp", "fill", "copy", "mg_call_argsort".
  std::string what;
  /// FILE:LINE of the user's program; empty: unknown.
  std::string location;
  /// Extents of its loops, and which of them reduce.
  std::vector<std::int64_t> loops;
  std::vector<bool> reduces;
  double flops = 0;
  bool contraction = false;
};

/// What a kernel reads of an earlier one.
struct KernelEdge {
  std::int64_t from;
  std::uint64_t bytes;
};

struct KernelFacts {
  std::int64_t id;
  std::vector<OpFacts> ops;
  /// Lines of the user's program, sorted, of the file of most.
  std::vector<std::int64_t> lines;
  /// Of an imported model, in the place of lines: the names of the nodes.
  std::vector<std::string> nodes;
  /// How often it runs in one call; loops of unknown length count once.
  std::int64_t trips = 1;
  /// Of one trip: float operations of its bodies, and the bytes that it reads
  /// from and writes to memory that outlives it.
  double flops = 0;
  std::uint64_t bytesRead = 0, bytesWritten = 0;
  std::vector<KernelEdge> reads;
  /// It only moves elements from an array to another. An inherent move is one
  /// from an input to an output.
  bool moves = false, inherent = false;
};

/// Why two ops that could share a trip do not.
struct UnfusedEdge {
  std::string from, to, reason;
  std::uint64_t bytes = 0;
};

/// A temporary array's place in the workspace, and the moments (ops, in program
/// order) between which it holds something.
struct BufferFacts {
  std::uint64_t offset, bytes, begin, end;
  std::string location;
};

struct EntryFacts {
  std::string name;
  std::vector<KernelFacts> kernels;
  std::vector<UnfusedEdge> unfused;
  std::vector<BufferFacts> buffers;
  std::uint64_t workspaceBytes = 0;
};

struct Inspection {
  std::vector<EntryFacts> entries;
  /// Innermost loops over memory, of all entries: by vectors, and by scalars,
  /// whose lines are told.
  std::int64_t vectorLoops = 0, scalarLoops = 0;
  std::vector<std::string> scalarLocations;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_INSPECTION_H
