//===- view-chains.cpp - chains of views are read where they begin --------===//
//
//   view-chains [--seed SEED] [--programs N] [--print] [--report]
//
// Each seed is one program: a random chain of views of one input, then an
// elementwise op, a reduction, or nothing. A table says for each element of the
// chain's end which element of the input it is; it is made by enumerating
// indices, without the compiler. Two things must hold:
//
//  1. What the compiled program returns is what the table says.
//  2. Where the table is, axis by axis, linear in the digits of the index in
//     some mixed radix system (found by trying all), no copy is left: no op
//     that only copies, but for the one write of a result that is a view.
//
// A failure prints the program and how to replay it; exit status 1.
//
//===----------------------------------------------------------------------===//
#include "codegen/Pipeline.h"
#include "frontend/jit/Program.h"
#include "ir/Ops.h"
#include "passes/Pipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <functional>
#include <numeric>
#include <random>

using namespace mlir;
namespace mgir = mlir::mg;

static llvm::cl::opt<uint64_t> first("seed", llvm::cl::desc("First seed"),
                                     llvm::cl::init(1));
static llvm::cl::opt<uint64_t> count("programs",
                                     llvm::cl::desc("Number of programs"),
                                     llvm::cl::init(200));
static llvm::cl::opt<bool> print("print", llvm::cl::desc("Print each program"));
static llvm::cl::opt<bool>
    report("report", llvm::cl::desc("Print programs that keep a copy"));

namespace {

using Numbers = SmallVector<int64_t>;

int64_t product(ArrayRef<int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t(1),
                         std::multiplies<>());
}

/// A tensor by the input's elements that it shows, in row-major order.
struct Table {
  Numbers shape, offsets;

  int64_t at(ArrayRef<int64_t> index) const {
    int64_t number = 0;
    for (auto [i, size] : llvm::zip_equal(index, shape))
      number = number * size + i;
    return offsets[number];
  }
  Numbers indexOf(int64_t number) const {
    Numbers index(shape.size());
    for (size_t d = shape.size(); d-- > 0; number /= shape[d])
      index[d] = number % shape[d];
    return index;
  }
  /// The table of `shape` whose element i is this one's `where(i)`.
  Table view(ArrayRef<int64_t> to,
             llvm::function_ref<Numbers(ArrayRef<int64_t>)> where) const {
    Table result{Numbers(to), {}};
    for (int64_t n = 0; n < product(to); ++n)
      result.offsets.push_back(at(where(result.indexOf(n))));
    return result;
  }
};

//===----------------------------------------------------------------------===//
// Is a copy needed?
//===----------------------------------------------------------------------===//

/// Whether `table`, which begins with 0, is linear in the digits of its index
/// in some system of radices.
bool hasDigits(ArrayRef<int64_t> table) {
  const int64_t n = table.size();
  if (n <= 2)
    return true;
  for (int64_t inner = 2; inner <= n; ++inner) {
    if (n % inner != 0)
      continue;
    bool fits = true;
    Numbers outer;
    for (int64_t i = 0; i < n && fits; ++i) {
      fits = table[i] == table[i - i % inner] + i % inner * table[1];
      if (i % inner == 0)
        outer.push_back(table[i]);
    }
    if (fits && (inner == n || hasDigits(outer)))
      return true;
  }
  return false;
}

bool needsNoCopy(const Table &table) {
  if (table.offsets.empty())
    return true;
  const Numbers zero(table.shape.size(), 0);
  const int64_t origin = table.at(zero);
  SmallVector<Numbers> axes;
  for (size_t axis = 0; axis < table.shape.size(); ++axis) {
    axes.emplace_back();
    Numbers index = zero;
    for (; index[axis] < table.shape[axis]; ++index[axis])
      axes.back().push_back(table.at(index) - origin);
    if (!hasDigits(axes.back()))
      return false;
  }
  for (auto [n, offset] : llvm::enumerate(table.offsets)) {
    int64_t sum = origin;
    for (auto [axis, i] : llvm::zip_equal(axes, table.indexOf(n)))
      sum += axis[i];
    if (sum != offset)
      return false;
  }
  return true;
}

/// Ops of the module that only copy, when all lies in memory.
int countCopies(ModuleOp module) {
  int copies = 0;
  module.walk([&](Operation *op) {
    if (isa<memref::CopyOp, linalg::CopyOp>(op))
      ++copies;
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic || !llvm::hasSingleElement(*generic.getBody()))
      return;
    auto yielded = dyn_cast<BlockArgument>(
        generic.getBody()->getTerminator()->getOperand(0));
    copies += yielded && yielded.getArgNumber() < generic.getNumDpsInputs();
  });
  return copies;
}

//===----------------------------------------------------------------------===//
// Random programs
//===----------------------------------------------------------------------===//

class Chain {
public:
  Chain(MLIRContext &context, uint64_t seed)
      : random(seed), b(&context), loc(b.getUnknownLoc()) {}

  OwningOpRef<ModuleOp> generate();
  /// What the program returns for inputs x[i] = i and y[i] = 100 - i.
  std::vector<float> expected() const;

  /// A sum over no dimension is what it sums.
  bool returnsView() const {
    return user == User::None || (user == User::Reduction && reduced.empty());
  }

  Numbers inputShape;
  Table table;
  enum class User { None, Elementwise, Reduction } user = User::None;

private:
  int64_t below(int64_t n) { return static_cast<int64_t>(random() % n); }
  bool chance(int percent) { return below(100) < percent; }
  Numbers randomShape();
  void grow();
  void reshape();
  void transpose();
  void broadcast();
  void slice();
  void reverse();
  void unfold();
  void diagonal();
  void use(func::FuncOp function);
  RankedTensorType tensor(ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, b.getF32Type());
  }
  /// Whether the views stay small enough to enumerate.
  static bool fits(ArrayRef<int64_t> shape) {
    return shape.size() <= 6 && product(shape) <= 4096;
  }

  std::mt19937_64 random;
  OpBuilder b;
  Location loc;
  Value value;
  Numbers reduced;
};

Numbers Chain::randomShape() {
  static constexpr int64_t sizes[] = {1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 12};
  Numbers shape;
  for (int64_t rank = below(6); rank > 0; --rank) {
    const int64_t size = chance(2) ? 0 : sizes[below(std::size(sizes))];
    shape.push_back(product(shape) * size > 600 ? 1 : size);
  }
  return shape;
}

void Chain::reshape() {
  Numbers factors, shape;
  for (int64_t size : table.shape) {
    for (int64_t prime : {2, 3, 5, 7})
      while (size > 0 && size % prime == 0)
        factors.push_back(prime), size /= prime;
    if (size != 1) // 0, or a larger prime
      factors.push_back(size);
  }
  if (chance(20))
    std::shuffle(factors.begin(), factors.end(), random);
  for (int64_t factor : factors)
    if (!shape.empty() && (chance(60) || shape.size() == 5))
      shape.back() *= factor;
    else
      shape.push_back(factor);
  if (shape.size() < 5 && chance(15))
    shape.insert(shape.begin() + below(shape.size() + 1), 1);
  value = b.create<mgir::ReshapeOp>(loc, tensor(shape), value);
  table.shape = shape;
}

void Chain::transpose() {
  Numbers perm(table.shape.size());
  std::iota(perm.begin(), perm.end(), 0);
  std::shuffle(perm.begin(), perm.end(), random);
  value = b.create<mgir::TransposeOp>(loc, value, perm);
  Numbers shape;
  for (int64_t dim : perm)
    shape.push_back(table.shape[dim]);
  table = table.view(shape, [&](ArrayRef<int64_t> index) {
    Numbers from(index.size());
    for (auto [i, dim] : llvm::enumerate(perm))
      from[dim] = index[i];
    return from;
  });
}

void Chain::broadcast() {
  Numbers shape, dims;
  for (int64_t size : table.shape) {
    if (chance(15))
      shape.push_back(1 + below(4));
    dims.push_back(shape.size());
    shape.push_back(size == 1 && chance(50) ? 1 + below(5) : size);
  }
  if (chance(15))
    shape.push_back(1 + below(4));
  if (!fits(shape))
    return;
  value = b.create<mgir::BroadcastOp>(loc, tensor(shape), value, dims);
  const Numbers sizes = table.shape;
  table = table.view(shape, [&](ArrayRef<int64_t> index) {
    Numbers from;
    for (auto [size, dim] : llvm::zip_equal(sizes, dims))
      from.push_back(size == 1 ? 0 : index[dim]);
    return from;
  });
}

void Chain::slice() {
  Numbers lo, hi, step, shape;
  for (int64_t size : table.shape) {
    const bool whole = chance(50) || size == 0;
    lo.push_back(whole ? 0 : below(size));
    hi.push_back(whole ? size : lo.back() + 1 + below(size - lo.back()));
    step.push_back(chance(70) ? 1 : 1 + below(3));
    shape.push_back((hi.back() - lo.back() + step.back() - 1) / step.back());
  }
  value = b.create<mgir::SliceOp>(loc, value, lo, hi, step);
  table = table.view(shape, [&](ArrayRef<int64_t> index) {
    Numbers from;
    for (auto [i, start, stride] : llvm::zip_equal(index, lo, step))
      from.push_back(start + i * stride);
    return from;
  });
}

void Chain::reverse() {
  Numbers dims;
  for (size_t d = 0; d < table.shape.size(); ++d)
    if (chance(40))
      dims.push_back(d);
  value = b.create<mgir::ReverseOp>(loc, value, dims);
  const Numbers sizes = table.shape;
  table = table.view(sizes, [&](ArrayRef<int64_t> index) {
    Numbers from(index);
    for (int64_t d : dims)
      from[d] = sizes[d] - 1 - from[d];
    return from;
  });
}

void Chain::unfold() {
  if (table.shape.empty())
    return;
  const int64_t dim = below(table.shape.size()), size = 1 + below(3),
                stride = 1 + below(3), dilation = 1 + below(2);
  Numbers shape = table.shape;
  const int64_t extent = (size - 1) * dilation + 1;
  if (extent > shape[dim])
    return;
  shape[dim] = (shape[dim] - extent) / stride + 1;
  shape.push_back(size);
  if (!fits(shape))
    return;
  value = b.create<mgir::UnfoldOp>(loc, value, Numbers{dim}, Numbers{size},
                                   Numbers{stride}, Numbers{dilation});
  table = table.view(shape, [&](ArrayRef<int64_t> index) {
    Numbers from(index.drop_back());
    from[dim] = index[dim] * stride + index.back() * dilation;
    return from;
  });
}

void Chain::diagonal() {
  const int64_t rank = table.shape.size();
  if (rank < 2)
    return;
  const int64_t dim0 = below(rank), dim1 = (dim0 + 1 + below(rank - 1)) % rank;
  Numbers shape;
  for (int64_t d = 0; d < rank; ++d)
    if (d != dim0 && d != dim1)
      shape.push_back(table.shape[d]);
  shape.push_back(std::min(table.shape[dim0], table.shape[dim1]));
  value = b.create<mgir::DiagonalOp>(loc, value, dim0, dim1);
  table = table.view(shape, [&](ArrayRef<int64_t> index) {
    Numbers from;
    size_t next = 0;
    for (int64_t d = 0; d < rank; ++d)
      from.push_back(d == dim0 || d == dim1 ? index.back() : index[next++]);
    return from;
  });
}

void Chain::grow() {
  static constexpr std::pair<int, void (Chain::*)()> makers[] = {
      {30, &Chain::reshape}, {25, &Chain::transpose}, {10, &Chain::broadcast},
      {15, &Chain::slice},   {8, &Chain::reverse},    {6, &Chain::unfold},
      {6, &Chain::diagonal}};
  int64_t which = below(100);
  for (auto [weight, maker] : makers)
    if ((which -= weight) < 0)
      return (this->*maker)();
}

void Chain::use(func::FuncOp function) {
  user = static_cast<User>(below(3));
  if (user == User::Elementwise) {
    function.insertArgument(1, tensor(table.shape), {}, loc);
    value = b.create<mgir::AddOp>(loc, value, function.getArgument(1));
  } else if (user == User::Reduction) {
    for (size_t d = 0; d < table.shape.size(); ++d)
      if (chance(50))
        reduced.push_back(d);
    value = b.create<mgir::ReduceOp>(loc, mgir::Reduction::Sum, value, reduced);
  }
}

OwningOpRef<ModuleOp> Chain::generate() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  b.setInsertionPointToEnd(module->getBody());
  inputShape = randomShape();
  auto function = b.create<func::FuncOp>(
      loc, "f", b.getFunctionType(tensor(inputShape), {}));
  b.setInsertionPointToEnd(function.addEntryBlock());
  value = function.getArgument(0);
  table.shape = inputShape;
  table.offsets.resize(product(inputShape));
  std::iota(table.offsets.begin(), table.offsets.end(), 0);
  for (int64_t steps = 1 + below(7); steps > 0; --steps)
    grow();
  use(function);
  b.create<func::ReturnOp>(loc, value);
  function.setType(
      b.getFunctionType(function.front().getArgumentTypes(), value.getType()));
  return module;
}

std::vector<float> Chain::expected() const {
  std::vector<float> result;
  if (user != User::Reduction) {
    for (auto [n, offset] : llvm::enumerate(table.offsets))
      result.push_back(static_cast<float>(
          user == User::None ? offset : offset + 100 - int64_t(n)));
    return result;
  }
  Table sums;
  for (size_t d = 0; d < table.shape.size(); ++d)
    if (!llvm::is_contained(reduced, d))
      sums.shape.push_back(table.shape[d]);
  result.resize(product(sums.shape));
  for (auto [n, offset] : llvm::enumerate(table.offsets)) {
    int64_t number = 0;
    for (auto [d, i] : llvm::enumerate(table.indexOf(n)))
      if (!llvm::is_contained(reduced, d))
        number = number * table.shape[d] + i;
    result[number] += static_cast<float>(offset); // exact: below 2^24
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

std::string checkCopies(const Chain &chain, ModuleOp module) {
  PassManager passes(module.getContext());
  mgir::buildToLinalgPipeline(passes, {});
  ::mg::codegen::buildToBuffersPipeline(passes);
  OwningOpRef<ModuleOp> copy = module.clone();
  if (failed(passes.run(*copy)))
    return "the passes fail";
  const int copies = countCopies(*copy), allowed = chain.returnsView();
  if (copies <= allowed)
    return "";
  const bool noNeed = needsNoCopy(chain.table);
  if (report && !noNeed)
    llvm::outs() << "needed: " << copies << "\n" << module;
  return noNeed ? std::to_string(copies) + " copies, " +
                      std::to_string(allowed) + " would do"
                : "";
}

std::string checkResult(const Chain &chain, ModuleOp module) {
  ::mg::CompileOptions options;
  options.codegen.levels = {::mg::codegen::nativeLevel()};
  OwningOpRef<ModuleOp> copy = module.clone();
  auto program = ::mg::Program::create(*copy, options, {});
  if (failed(program))
    return "compilation failed";
  std::vector<::mg::eager::Array> inputs, results;
  auto add = [&](ArrayRef<int64_t> shape, float start, float step) {
    inputs.push_back(
        ::mg::eager::allocate(MG_F32, {shape.data(), shape.size()}));
    auto *at = static_cast<float *>(inputs.back().view.data);
    for (int64_t i = 0; i < product(shape); ++i)
      at[i] = start + step * static_cast<float>(i);
  };
  add(chain.inputShape, 0, 1);
  if (chain.user == Chain::User::Elementwise)
    add(chain.table.shape, 100, -1);
  if (int status = (*program)->run(0, inputs, results, nullptr))
    return "the program answered " + std::to_string(status);
  const auto *got = static_cast<const float *>(results[0].view.data);
  for (auto [i, want] : llvm::enumerate(chain.expected()))
    if (got[i] != want)
      return "element " + std::to_string(i) + " is " + std::to_string(got[i]) +
             ", not " + std::to_string(want);
  return "";
}

bool check(MLIRContext &context, uint64_t seed) {
  Chain chain(context, seed);
  OwningOpRef<ModuleOp> module = chain.generate();
  if (print)
    module->print(llvm::outs());
  std::string problem = checkCopies(chain, *module);
  if (problem.empty())
    problem = checkResult(chain, *module);
  if (problem.empty())
    return true;
  llvm::outs() << "seed " << seed << ": " << problem << "\n"
               << *module << "replay: view-chains --seed " << seed
               << " --programs 1 --print\n";
  return false;
}

} // namespace

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv, "views, at random\n");
  DialectRegistry registry;
  ::mg::registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  uint64_t problems = 0;
  for (uint64_t seed = first; seed < first + count; ++seed)
    problems += !check(context, seed);
  llvm::outs() << count << " chains, " << problems << " problems\n";
  return problems != 0;
}
