// Many loops in one launch: the same bits as one by one, whatever their
// lengths, the CPU level and the number of threads.
#include "Compiled.h"
#include "minigrad/pool.h"

#include "llvm/Support/FormatVariadic.h"

#include <random>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

/// How a member computes; two of one kind share a loop.
enum class Form { Moments, Halves, Indexed };

struct Member {
  int64_t length;
  Form form = Form::Moments;
};

const char *const moments = R"mlir(
    %r{0}:2 = linalg.generic {{indexing_maps = [#i, #i, #i, #s, #i, #i],
        iterator_types = ["parallel"]{2}}
        ins(%p{0}, %m{0}, %g{0}, %lr : {1}, {1}, {1}, tensor<f32>)
        outs(%e{0}, %e{0} : {1}, {1}) {{
    ^bb0(%p: f32, %m: f32, %g: f32, %l: f32, %o: f32, %q: f32):
      %0 = arith.mulf %m, %beta : f32
      %1 = arith.addf %0, %g : f32
      %2 = math.exp %1 : f32
      %3 = arith.mulf %2, %l : f32
      %4 = arith.subf %p, %3 : f32
      linalg.yield %4, %1 : f32, f32
    } -> ({1}, {1})
)mlir";

/// Another body, which needs more than f32.
const char *const halves = R"mlir(
    %r{0}:2 = linalg.generic {{indexing_maps = [#i, #i, #i, #s, #i, #i],
        iterator_types = ["parallel"]{2}}
        ins(%p{0}, %m{0}, %g{0}, %lr : {1}, {1}, {1}, tensor<f32>)
        outs(%e{0}, %e{0} : {1}, {1}) {{
    ^bb0(%p: f32, %m: f32, %g: f32, %l: f32, %o: f32, %q: f32):
      %0 = arith.extf %g : f32 to f64
      %1 = arith.mulf %0, %0 : f64
      %2 = arith.truncf %1 : f64 to f32
      %3 = arith.truncf %2 : f32 to bf16
      %4 = arith.extf %3 : bf16 to f32
      %5 = arith.addf %p, %4 : f32
      linalg.yield %5, %m : f32, f32
    } -> ({1}, {1})
)mlir";

/// One that no table describes: its index is read.
const char *const indexed = R"mlir(
    %r{0}:2 = linalg.generic {{indexing_maps = [#i, #i, #i, #s, #i, #i],
        iterator_types = ["parallel"]{2}}
        ins(%p{0}, %m{0}, %g{0}, %lr : {1}, {1}, {1}, tensor<f32>)
        outs(%e{0}, %e{0} : {1}, {1}) {{
    ^bb0(%p: f32, %m: f32, %g: f32, %l: f32, %o: f32, %q: f32):
      %0 = linalg.index 0 : index
      %1 = arith.index_cast %0 : index to i32
      %2 = arith.sitofp %1 : i32 to f32
      %3 = arith.addf %p, %2 : f32
      linalg.yield %3, %g : f32, f32
    } -> ({1}, {1})
)mlir";

/// p and m are updated in place, g is read, lr is everyone's.
std::string batchText(llvm::ArrayRef<Member> members, bool together) {
  std::string arguments, results, body, values, types;
  for (auto [k, member] : llvm::enumerate(members)) {
    const std::string type = llvm::formatv("tensor<{0}xf32>", member.length);
    for (const char *name : {"p", "m", "g"})
      arguments += llvm::formatv(
          "%{0}{1}: {2} {{mg.name = \"{0}{1}\", mg.dtype = \"f32\"}, ", name, k,
          type);
    for (int j = 0; j < 2; ++j) {
      results += llvm::formatv("{0}{1} {{mg.name = \"{2}{3}\", mg.dtype = "
                               "\"f32\", mg.updates = {4} : i64}",
                               results.empty() ? "" : ", ", type, "pm"[j], k,
                               3 * k + j);
      values += llvm::formatv("{0}%r{1}#{2}", values.empty() ? "" : ", ", k, j);
      types += (types.empty() ? "" : ", ") + type;
    }
    body += llvm::formatv("%e{0} = tensor.empty() : {1}\n", k, type);
    const char *form = member.form == Form::Moments  ? moments
                       : member.form == Form::Halves ? halves
                                                     : indexed;
    body += llvm::formatv(
        form, k, type,
        together ? ", mg.kernel = 7 : i64, mg.rows = array<i64>" : "");
  }
  return "#i = affine_map<(i) -> (i)>\n#s = affine_map<(i) -> ()>\n"
         "module attributes {mg.name = \"batch\"} {\nfunc.func @run(" +
         arguments +
         "%lr: tensor<f32> {mg.name = \"lr\", mg.dtype = \"f32\"}) -> (" +
         results +
         ") attributes {mg.entry} {\n%beta = arith.constant 0.9 : f32\n" +
         body + "return " + values + " : " + types + "\n}\n}\n";
}

using Arrays = std::vector<std::vector<float>>;

Arrays randomArrays(llvm::ArrayRef<Member> members) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> number(-1, 1);
  Arrays arrays;
  for (const Member &member : members)
    for (int i = 0; i < 3; ++i) {
      arrays.emplace_back(member.length + 1); // one more: nobody writes there
      for (float &x : arrays.back())
        x = number(random);
    }
  arrays.push_back({0.25f});
  return arrays;
}

Arrays run(llvm::StringRef text, Arrays arrays, const std::string &level,
           mg_pool *pool) {
  Options options;
  options.levels = {level};
  const Compiled compiled(text, options);
  if (!compiled)
    return {};
  std::vector<const void *> inputs;
  std::vector<void *> outputs;
  for (std::vector<float> &array : arrays)
    inputs.push_back(array.data());
  for (size_t i = 0; i + 1 < arrays.size(); ++i)
    if (i % 3 != 2)
      outputs.push_back(arrays[i].data());
  EXPECT_EQ(compiled.call(inputs, outputs, {}, 0, pool), MG_OK);
  return arrays;
}

void expectSameBits(const Arrays &x, const Arrays &y) {
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i)
    EXPECT_EQ(std::memcmp(x[i].data(), y[i].data(), x[i].size() * 4), 0)
        << "array " << i << " of " << x[i].size();
}

class Batch : public testing::TestWithParam<std::string> {
protected:
  void check(llvm::ArrayRef<Member> members) {
    const Arrays arrays = randomArrays(members);
    const Arrays apart =
        run(batchText(members, false), arrays, GetParam(), nullptr);
    const std::string text = batchText(members, true);
    expectSameBits(run(text, arrays, GetParam(), nullptr), apart);
    mg_pool *pool = mg_pool_create(3);
    expectSameBits(run(text, arrays, GetParam(), pool), apart);
    mg_pool_destroy(pool);
  }
};

TEST_P(Batch, OfOneKind) {
  check({{100}, {1}, {37}, {70000}, {64}, {7}, {1}, {256}, {255}, {257}});
}
TEST_P(Batch, SmallOnesNeedNoThreads) { check({{3}, {5}, {17}}); }
TEST_P(Batch, OfSeveralKinds) {
  check({{40000},
         {1000, Form::Halves},
         {300, Form::Indexed},
         {1, Form::Halves},
         {30001, Form::Halves},
         {12, Form::Indexed},
         {5}});
}
TEST_P(Batch, OfNothingInCommon) {
  check({{40}, {1000, Form::Halves}, {3000, Form::Indexed}});
}
TEST_P(Batch, OfSingleElements) { check({{1}, {1}, {1, Form::Halves}}); }

// The same body in a nest of two loops, which no line is: the single element
// must not be taken for its kind.
TEST_P(Batch, OfAColumnAndASingleElement) {
  const char *const text = R"mlir(
#column = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>
#one = affine_map<(i) -> (i)>
module attributes {mg.name = "batch"} {
func.func @run(%x: tensor<3xf32> {mg.name = "x", mg.dtype = "f32"},
               %y: tensor<1xf32> {mg.name = "y", mg.dtype = "f32"})
    -> (tensor<3x5xf32> {mg.name = "a", mg.dtype = "f32"},
        tensor<1xf32> {mg.name = "b", mg.dtype = "f32"})
    attributes {mg.entry} {
  %wide = tensor.empty() : tensor<3x5xf32>
  %narrow = tensor.empty() : tensor<1xf32>
  %a = linalg.generic {indexing_maps = [#column, #all],
      iterator_types = ["parallel", "parallel"], mg.kernel = 0 : i64,
      mg.rows = array<i64>}
      ins(%x : tensor<3xf32>) outs(%wide : tensor<3x5xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<3x5xf32>
  %b = linalg.generic {indexing_maps = [#one, #one],
      iterator_types = ["parallel"], mg.kernel = 0 : i64,
      mg.rows = array<i64>}
      ins(%y : tensor<1xf32>) outs(%narrow : tensor<1xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<1xf32>
  return %a, %b : tensor<3x5xf32>, tensor<1xf32>
}
}
)mlir";
  Options options;
  options.levels = {GetParam()};
  const Compiled compiled(text, options);
  ASSERT_TRUE(compiled);
  const std::vector<float> x = {1, 2, 3}, y = {4};
  std::vector<float> a(15), b(1);
  ASSERT_EQ(compiled.call({x.data(), y.data()}, {a.data(), b.data()}, {}, 0),
            MG_OK);
  EXPECT_EQ(a,
            (std::vector<float>{1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3}));
  EXPECT_EQ(b, y);
}

INSTANTIATE_TEST_SUITE_P(Levels, Batch, testing::ValuesIn(levelsHere()),
                         levelTestName);

/// Loops in the text of the `vector` level.
std::pair<size_t, size_t> loopsOf(llvm::StringRef text) {
  Options options;
  options.levels = {"x86-64-v3"};
  options.emit = Emit::Vector;
  auto artefact = compileText(text, options);
  if (mlir::failed(artefact))
    return {};
  const llvm::StringRef vectors(artefact->bytes.data(), artefact->bytes.size());
  return {vectors.count("scf.forall"), vectors.count("math.exp")};
}

TEST(BatchCode, IsThatOfOneMember) {
  const std::vector<Member> few(3, {50000}), many(100, {50000});
  const auto loops = loopsOf(batchText(few, true));
  EXPECT_EQ(loops.first, 1u);
  EXPECT_EQ(loopsOf(batchText(many, true)), loops);
  EXPECT_EQ(loopsOf(batchText(many, false)).first, 1u)
      << "equal kernels are one function";
}

// What one member writes another one reads: they stay in order.
TEST(BatchCode, KeepsTheOrderOfWhatDepends) {
  std::string text = batchText({{1000}, {1000}, {1000}}, true);
  const auto replace = [&](llvm::StringRef from, llvm::StringRef to) {
    const size_t at = text.find(from.str());
    ASSERT_NE(at, std::string::npos);
    text.replace(at, from.size(), to.str());
  };
  // Member 1 reads the new p of member 0, in its place.
  replace("ins(%p1, %m1, %g1", "ins(%p1, %m1, %r0#0");
  std::string apart = text;
  for (size_t at; (at = apart.find(", mg.kernel")) != std::string::npos;)
    apart.erase(at, apart.find('}', at) - at);
  const Arrays arrays = randomArrays({{1000}, {1000}, {1000}});
  expectSameBits(run(text, arrays, nativeLevel(), nullptr),
                 run(apart, arrays, nativeLevel(), nullptr));
}

} // namespace
