//===- random-gradients.cpp - derivatives of random programs --------------===//
//
//   random-gradients [--first SEED] [--count N] [--print]
//
// Each seed is one program f(x..) in f64. With cotangents c and tangents t:
//
//   - forward and reverse mode agree: <c, J t> = <J^T c, t>
//   - both agree with central differences of f along t
//   - so does the tangent of the gradient with differences of the gradient
//   - the gradient of a batch is each element's gradient
//   - compiled, the gradient is the same (every 20th program)
//
// A program whose central differences depend on their step, because a kink is
// near, is counted as unseen; more than one in fifty fails the run. A failure
// prints the program and the one command that replays it; exit status 1.
//
//===----------------------------------------------------------------------===//
#include "Numbers.h"
#include "SmoothPrograms.h"

#include "frontend/eager/Execute.h"
#include "frontend/jit/Program.h"
#include "minigrad/pool.h"
#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <stdexcept>

using namespace mg;
using namespace mg::test;
using mlir::Type;

static llvm::cl::opt<uint64_t> first("first", llvm::cl::desc("First seed"),
                                     llvm::cl::init(1));
static llvm::cl::opt<uint64_t>
    count("count", llvm::cl::desc("Number of programs"), llvm::cl::init(200));
static llvm::cl::opt<bool> print("print", llvm::cl::desc("Print each program"));

namespace {

constexpr int64_t batchSize = 2;
constexpr int compiledEvery = 20;

using Types = llvm::SmallVector<Type>;

Types concatenated(llvm::ArrayRef<Type> a, llvm::ArrayRef<Type> b) {
  Types all(a);
  all.append(b.begin(), b.end());
  return all;
}
Arrays concatenated(const Arrays &a, const Arrays &b) {
  Arrays all = a;
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

//===--- the module -----------------------------------------------------===//

/// `f` with its derivatives as functions of their own:
///   reverse(x.., c..) -> gradients of x     mapped: the same over a batch
///   forward(x.., t..) -> tangents of f's float results
///   second(x.., c.., t..) -> tangents of `reverse`'s results
class Derivatives {
public:
  Derivatives(mlir::ModuleOp module) : module(module) {
    auto f = *module.getOps<mlir::func::FuncOp>().begin();
    arguments = Types(f.getArgumentTypes());
    for (auto [i, type] : llvm::enumerate(f.getResultTypes())) {
      if (!llvm::isa<mlir::FloatType>(mlir::getElementTypeOrSelf(type)))
        continue;
      floatResults.push_back(i);
      cotangents.push_back(type);
    }
    emit(f);
  }

  mlir::LogicalResult expand() {
    mlir::PassManager manager(module.getContext());
    manager.addPass(mlir::mg::createDifferentiate());
    return manager.run(module);
  }

  Types arguments, cotangents;
  llvm::SmallVector<int64_t> floatResults;

private:
  void emit(mlir::func::FuncOp f) {
    mlir::OpBuilder b(module.getContext());
    const auto wrt = llvm::to_vector(llvm::seq<int64_t>(0, arguments.size()));
    auto numbered = [&](llvm::StringRef name, llvm::ArrayRef<int64_t> list) {
      return b.getNamedAttr(name, b.getDenseI64ArrayAttr(list));
    };
    Types seeds = concatenated(arguments, cotangents);
    entry("reverse", "vjp", "f", seeds,
          concatenated(Types(f.getResultTypes()), arguments), f.getNumResults(),
          {numbered("of", floatResults), numbered("wrt", wrt)});
    entry("forward", "jvp", "f", concatenated(arguments, arguments),
          concatenated(Types(f.getResultTypes()), cotangents),
          f.getNumResults(), numbered("wrt", wrt));
    entry("second", "jvp", "reverse", concatenated(seeds, arguments),
          concatenated(arguments, arguments), arguments.size(),
          numbered("wrt", wrt));
    entry("mapped", "vmap", "reverse", batched(seeds), batched(arguments), 0,
          {numbered("in", llvm::SmallVector<int64_t>(seeds.size(), 0)),
           numbered("out", llvm::SmallVector<int64_t>(arguments.size(), 0)),
           b.getNamedAttr("size", b.getI64IntegerAttr(batchSize))});
  }

  static Types batched(llvm::ArrayRef<Type> types) {
    Types all;
    for (Type type : types) {
      auto tensor = llvm::cast<mlir::RankedTensorType>(type);
      llvm::SmallVector<int64_t> shape{batchSize};
      llvm::append_range(shape, tensor.getShape());
      all.push_back(tensor.clone(shape));
    }
    return all;
  }

  /// func @name(operands) that applies mg.`transform` to `callee`, and returns
  /// the results without the first `dropped`.
  void entry(llvm::StringRef name, llvm::StringRef transform,
             llvm::StringRef callee, llvm::ArrayRef<Type> operands,
             llvm::ArrayRef<Type> results, size_t dropped,
             llvm::ArrayRef<mlir::NamedAttribute> attributes) {
    const mlir::Location location = module.getLoc();
    auto b = mlir::OpBuilder::atBlockEnd(module.getBody());
    auto function = b.create<mlir::func::FuncOp>(
        location, name,
        b.getFunctionType(operands, results.drop_front(dropped)));
    b.setInsertionPointToEnd(function.addEntryBlock());
    mlir::OperationState state(location, ("mg." + transform).str(),
                               function.getArguments(), results, attributes);
    state.addAttribute("callee",
                       mlir::FlatSymbolRefAttr::get(b.getContext(), callee));
    b.create<mlir::func::ReturnOp>(
        location, b.create(state)->getResults().drop_front(dropped));
  }

  mlir::ModuleOp module;
};

//===--- one program ----------------------------------------------------===//

class Check {
public:
  Check(mlir::MLIRContext &context, uint64_t seed, mg_pool *pool)
      : seed(seed), pool(pool), random(seed),
        module(SmoothPrograms(context, seed).generate()), f(*module) {}

  /// What is wrong, or nothing. `isUnseen`: central differences say nothing.
  std::string run(bool &isUnseen);
  void print() { module->print(llvm::outs()); }

private:
  Arrays evaluate(llvm::StringRef entry, const Arrays &inputs) {
    auto results = eager::interpret(*module, entry, inputs, {}, pool);
    if (mlir::failed(results))
      throw std::runtime_error("eager execution of " + entry.str() + " failed");
    return *results;
  }
  Arrays drawn(llvm::ArrayRef<Type> types) {
    Arrays arrays;
    for (Type type : types)
      arrays.push_back(
          drawWeights(llvm::cast<mlir::RankedTensorType>(type), random));
    return arrays;
  }

  Arrays floatsOf(const Arrays &results) {
    Arrays floats;
    for (int64_t i : f.floatResults)
      floats.push_back(results[i]);
    return floats;
  }

  std::string compareModes();
  std::string compareBatch();
  std::string compareCompiled();

  uint64_t seed;
  mg_pool *pool;
  Random random;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Derivatives f;
  Arrays x, c, t;
  bool unseen = false;
};

Arrays moved(const Arrays &x, const Arrays &t, double by) {
  Arrays all;
  for (size_t i = 0; i < x.size(); ++i)
    all.push_back(test::moved(x[i], t[i], by));
  return all;
}

/// `arrays`, but 0 where `values` are infinite: the lowest of no elements.
Arrays finiteOnly(Arrays arrays, const Arrays &values) {
  for (auto [array, value] : llvm::zip(arrays, values)) {
    const auto at = numbers(value);
    auto *element = static_cast<double *>(array.view.data);
    for (size_t i = 0; i < at.size(); ++i)
      if (std::isinf(at[i]))
        element[i] = 0;
  }
  return arrays;
}

double magnitude(const Arrays &a, const Arrays &b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto x = numbers(a[i]), y = numbers(b[i]);
    for (size_t k = 0; k < x.size(); ++k)
      sum += std::abs(x[k] * y[k]);
  }
  return sum;
}

std::string differ(const char *what, double got, double want) {
  char text[160];
  std::snprintf(text, sizeof text, "%s: %.17g, not %.17g", what, got, want);
  return text;
}

/// d/dh of value(h) at 0, of order h^4; NaN where that depends on the step by
/// more than `tolerance`.
double slope(llvm::function_ref<double(double)> value, double tolerance) {
  auto central = [&](double h) { return (value(h) - value(-h)) / (2 * h); };
  for (double h : {1e-3, 1e-4}) {
    const double d1 = central(h), d2 = central(h / 2), d4 = central(h / 4);
    const double coarse = (4 * d2 - d1) / 3, fine = (4 * d4 - d2) / 3;
    if (std::abs(coarse - fine) <= tolerance)
      return fine;
  }
  return std::nan("");
}

std::string Check::compareModes() {
  const Arrays gradients = evaluate("reverse", concatenated(x, c));
  const Arrays tangents = evaluate("forward", concatenated(x, t));
  auto result = [&](double h) {
    return dot(floatsOf(evaluate("f", moved(x, t, h))), c);
  };
  const double reverse = dot(gradients, t), forward = dot(tangents, c);
  const double scale = 1e-2 * std::abs(result(0)) + magnitude(gradients, t) +
                       magnitude(tangents, c) + 1e-3;
  unseen = !std::isfinite(scale);
  if (unseen)
    return "";
  if (!(std::abs(reverse - forward) <= 1e-10 * scale))
    return differ("reverse mode against forward mode", reverse, forward);
  const double seen = slope(result, 1e-7 * scale);
  unseen = std::isnan(seen);
  if (!unseen && std::abs(seen - forward) > 1e-6 * scale)
    return differ("first derivative against differences", forward, seen);

  const Arrays w = drawn(f.arguments);
  const Arrays changes =
      evaluate("second", concatenated(concatenated(x, c), t));
  const double second = dot(changes, w);
  const double secondScale =
      scale + magnitude(gradients, w) + magnitude(changes, w);
  const double secondSeen = slope(
      [&](double h) {
        return dot(evaluate("reverse", concatenated(moved(x, t, h), c)), w);
      },
      1e-7 * secondScale);
  unseen |= std::isnan(secondSeen);
  if (std::abs(secondSeen - second) > 1e-6 * secondScale)
    return differ("second derivative against differences", second, secondSeen);
  return "";
}

std::string Check::compareBatch() {
  const Arrays one = concatenated(x, c),
               other = concatenated(moved(x, t, 0.1), c);
  Arrays both;
  for (size_t i = 0; i < one.size(); ++i) {
    const auto type = eager::typeOf(module->getContext(), one[i]);
    auto values = numbers(one[i]);
    llvm::append_range(values, numbers(other[i]));
    llvm::SmallVector<int64_t> shape{batchSize};
    llvm::append_range(shape, type.getShape());
    both.push_back(arrayOf(type.clone(shape), values));
  }
  const Arrays got = evaluate("mapped", both);
  for (int64_t element = 0; element < batchSize; ++element) {
    const Arrays want = evaluate("reverse", element ? other : one);
    for (size_t i = 0; i < want.size(); ++i)
      if (std::string text = difference(numbers(row(got[i], element)),
                                        numbers(want[i]), 1e-10);
          !text.empty())
        return "batch, gradient " + std::to_string(i) + ": " + text;
  }
  return "";
}

std::string Check::compareCompiled() {
  const Arrays want = evaluate("reverse", concatenated(x, c));
  mlir::OwningOpRef<mlir::ModuleOp> copy = module->clone();
  auto program = Program::create(*copy, {}, {});
  if (mlir::failed(program))
    return "compilation failed";
  Arrays got;
  if (const int status = (*program)->run((*program)->find("reverse"),
                                         concatenated(x, c), got, pool))
    return "the compiled function answered " + std::to_string(status);
  for (size_t i = 0; i < want.size(); ++i)
    if (std::string text = difference(numbers(got[i]), numbers(want[i]), 1e-9);
        !text.empty())
      return "compiled, gradient " + std::to_string(i) + ": " + text;
  return "";
}

std::string Check::run(bool &isUnseen) {
  isUnseen = f.cotangents.empty();
  if (isUnseen) // only integers come out
    return "";
  if (mlir::failed(f.expand()))
    return "no derivative";
  x = drawn(f.arguments);
  c = finiteOnly(drawn(f.cotangents), floatsOf(evaluate("f", x)));
  t = drawn(f.arguments);
  std::string problem = compareModes();
  isUnseen = unseen;
  if (problem.empty() && !unseen)
    problem = compareBatch();
  if (problem.empty() && !unseen && seed % compiledEvery == 0)
    problem = compareCompiled();
  return problem;
}

/// True where the derivatives of the program of `seed` are right.
bool check(mlir::MLIRContext &context, uint64_t seed, mg_pool *pool,
           uint64_t &unseen) {
  Check program(context, seed, pool);
  if (print)
    program.print();
  bool isUnseen = false;
  std::string problem;
  try {
    problem = program.run(isUnseen);
  } catch (const std::exception &error) {
    problem = error.what();
  }
  unseen += isUnseen;
  if (problem.empty())
    return true;
  llvm::outs() << "seed " << seed << ": " << problem << "\n"
               << "replay: random-gradients --first " << seed
               << " --count 1 --print\n";
  if (!print) {
    Check again(context, seed, pool);
    again.print();
  }
  return false;
}

} // namespace

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv,
                                    "derivatives of random programs\n");
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  mg_pool *pool = mg_pool_create(1);
  uint64_t wrong = 0, unseen = 0;
  for (uint64_t seed = first; seed < first + count; ++seed)
    wrong += !check(context, seed, pool, unseen);
  mg_pool_destroy(pool);
  llvm::outs() << count << " programs, " << wrong << " wrong, " << unseen
               << " not seen by central differences\n";
  return wrong != 0 || unseen > std::max<uint64_t>(count / 50, 2);
}
