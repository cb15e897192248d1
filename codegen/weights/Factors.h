//===- Factors.h - how the factors of a contraction become lanes ----------===//
//
// A contraction may compute its factors: at least it widens them. Each is then
// computed once instead of once per product: while a panel of it is packed,
// where the lanes run along it, or into a buffer before the contraction:
//
//   c[m,n] += widen(a[m,k]) * widen(b[k,n])
//     ->
//   a' = widen(a)          c[m,n] += a'[m,k] * panel[k,n]
//
// Where the CPU sums products of several narrow elements at once, these are
// gathered in words along the reduction, and the contraction is one of words:
//
//   a' = words of a[m, 2k .. 2k+1]     panel[k,n] = words of b[2k .. 2k+1, n]
//
// Four bytes make a word where the CPU multiplies unsigned bytes by signed ones
// (VNNI). Where both factors are signed, or both unsigned, one is moved to the
// other range, by a flip of its highest bit, and what that adds is taken away
// from the sums: all of it is exact modulo 2^32.
//
//   sum a*b  =  sum (a + 128)*b  -  128 * sum b
//
// Two bf16 make one where the CPU multiplies pairs of these (AVX512_BF16): a
// word is an f32 that nobody computes with, so sums and words have one type.
// That instruction takes numbers below 2^-126 for zeros, factors and sums.
//
// A factor that is `b ^ 128` in the body lies flipped in memory already, and a
// factor in panels (PrepareWeights.cpp) in words. Both are read as they lie.
//
// The windows of a convolution overlap, so what is read is not written out; but
// where the words lie along its channels, whole planes of these become planes
// of words, in which windows lie as they did:
//
//   x[c, h + i, w + j]  ->  x'[c / 2, h + i, w + j] of words
//
// What has few uses is left in the body of the contraction.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_WEIGHTS_FACTORS_H
#define MG_CODEGEN_WEIGHTS_FACTORS_H

#include "codegen/nests/VectorPlan.h"

#include "mlir/IR/Builders.h"

#include <memory>
#include <optional>

namespace mg::codegen {

struct Level;

class Factors {
public:
  /// `level`: null where nothing is known of the CPU but its lanes.
  Factors(mlir::OpBuilder &b, const LoopNest &nest, int64_t nativeLanes,
          const Level *level);

  /// Whether there is a better nest than the one given.
  explicit operator bool() const { return prepared.has_value(); }
  /// Whether that is one of words.
  bool areWords() const { return prepared && words.loop >= 0; }

  /// That nest. What it needs beforehand is emitted by `emit`. Its body lives
  /// as long as this object.
  LoopNest apply(llvm::function_ref<void(const LoopNest &)> emit);

private:
  /// What of the body computes a factor, in order, from which inputs.
  struct Factor {
    mlir::Value value;
    llvm::SmallVector<mlir::Operation *> ops;
    llvm::SmallVector<unsigned> inputs;
  };
  enum class Form { InPlace, Buffer, Panel };
  using Forms = llvm::ArrayRef<Form>;
  /// How many elements of so many bits make a word.
  struct Words {
    Products products = Products::Single;
    int64_t count = 1;
    unsigned bits = 0;
    /// The loop that they lie along.
    int loop = -1;
    /// The factor whose highest bits are flipped; -1: none.
    int flipped = -1;
    /// Whether the first factor is what the instruction takes second.
    bool isSwapped = false;
  };
  /// An input in which words lie a plane apart: loops that stay inside of one,
  /// which is read `size` elements far, and loops from plane to plane, each of
  /// whose steps is past all of the next one's.
  struct Planes {
    llvm::SmallVector<unsigned> outer = {};
    int64_t size = 1;
  };
  /// A buffer to be filled: the last iteration of the words' loop by `tail`.
  struct Filled {
    unsigned input;
    std::optional<Planes> planes;
    Producer producer, tail;
  };

  // What there is.
  bool collect(mlir::Value value, Factor &factor) const;
  bool collectAll();
  bool isComputed(const Factor &factor) const;
  bool isPlain(const Factor &factor) const;
  static mlir::Value narrowOf(mlir::Value factor);
  bool isHalf(const Factor &factor) const;
  bool isRead(const Factor &factor) const;
  bool isUnsigned(const Factor &factor) const;
  bool liesFlipped(const Factor &factor) const;
  unsigned bitsInMemory(const Factor &factor) const;
  int64_t countElements(const Factor &factor) const;
  bool hasPanels(const Factor &factor) const;
  bool moves(const Factor &factor, unsigned loop) const;
  const Access &widestInput(const Factor &factor) const;
  llvm::SmallVector<unsigned> loopsOf(const Factor &factor) const;

  // What is worth it.
  Form chooseForm(unsigned factor, const VectorPlan &plan) const;
  std::optional<Planes> planesOf(const Factor &factor,
                                 const Words &words) const;
  int64_t overlap(const Factor &factor) const;
  bool isBufferWorthwhile(const Factor &factor, const Words &words) const;
  bool isPanelWorthwhile(unsigned factor, const VectorPlan &plan,
                         int64_t least) const;
  llvm::SmallVector<Words, 2> listWords(const Level *level) const;
  Words quads() const;
  int chooseWordLoop(const Words &words, const VectorPlan &plan) const;
  bool isFlipped(const Factor &factor) const;
  bool areInPlace(const Factor &factor, const Words &words) const;
  bool areBroadcast(unsigned factor, const Words &words) const;
  bool areInPanels(const Factor &factor, const Words &words,
                   const VectorPlan &plan) const;
  int otherLoop(const VectorPlan &plan, int64_t least) const;
  bool tryAll(const Level *level, const VectorPlan &plan);
  bool isAsPlanned(const VectorPlan &after, const VectorPlan &plan) const;
  bool tryForms(Forms forms, const Words &words, const VectorPlan &plan);
  bool tryWords(const Words &words, const VectorPlan &plan);
  bool tryAllWords(const Level *level, const VectorPlan &plan);

  // The new nest.
  LoopNest prepare(Forms forms);
  Access access(const Factor &factor, Form form) const;
  mlir::Block *createBody(Forms forms);
  void multiply(mlir::IRMapping &values);
  void addInputs(const Factor &factor, int64_t element,
                 Producer &producer) const;
  Producer produce(const Factor &factor, int64_t count);
  mlir::Value gather(llvm::ArrayRef<mlir::Value> elements, mlir::Type word);
  mlir::Value flip(mlir::Value word);
  mlir::Value produceElement(const Factor &factor, mlir::Block *body);
  int64_t tailCount() const;
  void fill(const Filled &filled,
            llvm::function_ref<void(const LoopNest &)> emit);
  Access sumsAccess(const Factor &factor) const;
  LoopNest sumUp(const Factor &factor, const Access &sums);
  Epilogue correct(const Access &sums, int64_t by);
  void takeAway(llvm::function_ref<void(const LoopNest &)> emit);

  mlir::OpBuilder &b;
  const LoopNest &nest;
  std::pair<mlir::Operation *, mlir::Operation *> product;
  llvm::SmallVector<Factor, 2> factors;
  Words words;
  std::optional<LoopNest> prepared;
  llvm::SmallVector<Filled, 2> buffers;
  llvm::SmallVector<std::unique_ptr<mlir::Block>> bodies;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_WEIGHTS_FACTORS_H
