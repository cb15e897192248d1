//===- HotBlocks.h - what the assembly of a product moves to memory -------===//
#ifndef MG_TEST_CODEGEN_HOTBLOCKS_H
#define MG_TEST_CODEGEN_HOTBLOCKS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

namespace mg::codegen::test {

/// Blocks of assembly with at least 10 multiply-adds on whole vectors, and the
/// vectors that they move to or from the stack.
struct HotBlocks {
  int count = 0, spills = 0;
};

/// `multiply`: the first letters of their multiply-add.
inline HotBlocks hotBlocksOf(llvm::StringRef assembly, llvm::StringRef vector,
                             llvm::StringRef multiply = "vfmadd") {
  HotBlocks hot;
  int sums = 0, spills = 0;
  auto close = [&] {
    if (sums >= 10) {
      ++hot.count;
      hot.spills += spills;
    }
    sums = spills = 0;
  };
  llvm::SmallVector<llvm::StringRef> lines;
  assembly.split(lines, '\n');
  // Elsewhere %rbp is a register like others.
  bool hasFrame = false;
  for (llvm::StringRef line : lines) {
    if (line.contains(".cfi_startproc"))
      hasFrame = false;
    hasFrame |= line.contains("movq\t%rsp, %rbp");
    if (line.contains(':') || line.trim().starts_with("j"))
      close();
    if (!line.contains(vector))
      continue;
    sums += line.contains(multiply);
    spills += line.contains("(%rsp") || (hasFrame && line.contains("(%rbp"));
  }
  close();
  return hot;
}

} // namespace mg::codegen::test

#endif // MG_TEST_CODEGEN_HOTBLOCKS_H
