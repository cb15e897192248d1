// Contractions with what follows them in one kernel, against the same module
// without the attributes: the same bits for odd shapes, layouts, levels and
// threads; no memory for what no one reads; and apart, where buffers forbid it.
#include "Compiled.h"
#include "HotBlocks.h"

#include <random>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

//===----------------------------------------------------------------------===//
// Modules: $m, $n, $k are sizes, $rows(..) the attributes of a member
//===----------------------------------------------------------------------===//

struct Shape {
  int64_t m, n, k;
};

void replaceAll(std::string &text, const std::string &name,
                const std::string &value) {
  for (size_t at = 0; (at = text.find(name, at)) != std::string::npos;)
    text.replace(at, name.size(), value);
}

/// `fused`: with the attributes, else every member on its own.
std::string instantiate(std::string text, const Shape &shape, bool fused) {
  replaceAll(text, "$m", std::to_string(shape.m));
  replaceAll(text, "$n", std::to_string(shape.n));
  replaceAll(text, "$k", std::to_string(shape.k));
  replaceAll(text, "$rows(",
             fused ? "mg.kernel = 7 : i64, mg.rows = array<i64: "
                   : "test.rows = array<i64: ");
  replaceAll(text, ")$", ">");
  return text;
}

/// An entry on %a [m, k], %b [k, n], whose products are in %c [m, n].
std::string product(const std::string &arguments, const std::string &results,
                    const std::string &rest) {
  return R"mlir(
#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>
#row = affine_map<(m, n) -> (m)>
#col = affine_map<(m, n) -> (n)>
#turned = affine_map<(m, n) -> (n, m)>
module attributes {mg.name = "dots"} {
  func.func @run(%a: tensor<$mx$kxf32> {mg.name = "a", mg.dtype = "f32"},
                 %b: tensor<$kx$nxf32> {mg.name = "b", mg.dtype = "f32"})mlir" +
         arguments + ") -> (" + results + R"mlir() attributes {mg.entry} {
    %zero = arith.constant 0.0 : f32
    %empty = tensor.empty() : tensor<$mx$nxf32>
    %zeros = linalg.fill {$rows(0, 1)$} ins(%zero : f32)
        outs(%empty : tensor<$mx$nxf32>) -> tensor<$mx$nxf32>
    %c = linalg.generic {indexing_maps = [#mk, #kn, #mn],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<$mx$kxf32>, tensor<$kx$nxf32>)
        outs(%zeros : tensor<$mx$nxf32>)
        attrs = {mg.contraction, $rows(0, 1)$} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
    } -> tensor<$mx$nxf32>
)mlir" + rest +
         "  }\n}\n";
}

/// y = max(c + bias, 0), and the sum before it, which a backward pass reads.
const std::string biasAndActivation =
    product(", %bias: tensor<$nxf32> {mg.name = \"bias\", mg.dtype = \"f32\"}",
            "tensor<$mx$nxf32> {mg.name = \"h\", mg.dtype = \"f32\"}, "
            "tensor<$mx$nxf32> {mg.name = \"y\", mg.dtype = \"f32\"}",
            R"mlir(
    %e0 = tensor.empty() : tensor<$mx$nxf32>
    %e1 = tensor.empty() : tensor<$mx$nxf32>
    %h = linalg.generic {indexing_maps = [#id, #col, #id],
        iterator_types = ["parallel", "parallel"]}
        ins(%c, %bias : tensor<$mx$nxf32>, tensor<$nxf32>)
        outs(%e0 : tensor<$mx$nxf32>) attrs = {$rows(0, 1)$} {
    ^bb0(%x: f32, %v: f32, %o: f32):
      %s = arith.addf %x, %v : f32
      linalg.yield %s : f32
    } -> tensor<$mx$nxf32>
    %y = linalg.generic {indexing_maps = [#id, #id],
        iterator_types = ["parallel", "parallel"]}
        ins(%h : tensor<$mx$nxf32>)
        outs(%e1 : tensor<$mx$nxf32>) attrs = {$rows(0, 1)$} {
    ^bb0(%x: f32, %o: f32):
      %s = arith.maximumf %x, %zero : f32
      linalg.yield %s : f32
    } -> tensor<$mx$nxf32>
    return %h, %y : tensor<$mx$nxf32>, tensor<$mx$nxf32>
)mlir");

/// tanh(c) * scale + residual, turned, and as halves: heavy, with two results
/// of one member, one of them across the tile.
const std::string turnedAndHalves =
    product(", %scale: tensor<$mxf32> {mg.name = \"s\", mg.dtype = \"f32\"}"
            ", %r: tensor<$nx$mxf32> {mg.name = \"r\", mg.dtype = \"f32\"}",
            "tensor<$nx$mxf32> {mg.name = \"t\", mg.dtype = \"f32\"}, "
            "tensor<$mx$nxbf16> {mg.name = \"y\", mg.dtype = \"bf16\"}",
            R"mlir(
    %e0 = tensor.empty() : tensor<$nx$mxf32>
    %e1 = tensor.empty() : tensor<$mx$nxbf16>
    %t:2 = linalg.generic {indexing_maps = [#id, #row, #turned, #turned, #id],
        iterator_types = ["parallel", "parallel"]}
        ins(%c, %scale, %r : tensor<$mx$nxf32>, tensor<$mxf32>,
                             tensor<$nx$mxf32>)
        outs(%e0, %e1 : tensor<$nx$mxf32>, tensor<$mx$nxbf16>)
        attrs = {$rows(0, 1)$} {
    ^bb0(%x: f32, %v: f32, %w: f32, %o: f32, %q: bf16):
      %s = math.tanh %x : f32
      %p = arith.mulf %s, %v : f32
      %z = arith.addf %p, %w : f32
      %half = arith.truncf %z : f32 to bf16
      linalg.yield %z, %half : f32, bf16
    } -> (tensor<$nx$mxf32>, tensor<$mx$nxbf16>)
    return %t#0, %t#1 : tensor<$nx$mxf32>, tensor<$mx$nxbf16>
)mlir");

/// Rows in the other order of loops, their numbers as values, and the product
/// itself as a result.
const std::string countedFromTheOtherSide =
    product("",
            "tensor<$mx$nxf32> {mg.name = \"c\", mg.dtype = \"f32\"}, "
            "tensor<$nx$mxf32> {mg.name = \"y\", mg.dtype = \"f32\"}",
            R"mlir(
    %e = tensor.empty() : tensor<$nx$mxf32>
    %y = linalg.generic {indexing_maps = [#turned, #id],
        iterator_types = ["parallel", "parallel"]}
        ins(%c : tensor<$mx$nxf32>)
        outs(%e : tensor<$nx$mxf32>) attrs = {$rows(1, 0)$} {
    ^bb0(%x: f32, %o: f32):
      %i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %i64 = arith.index_cast %i : index to i64
      %j64 = arith.index_cast %j : index to i64
      %u = arith.sitofp %i64 : i64 to f32
      %v = arith.sitofp %j64 : i64 to f32
      %q = arith.subf %u, %v : f32
      %s = arith.mulf %q, %x : f32
      linalg.yield %s : f32
    } -> tensor<$nx$mxf32>
    return %c, %y : tensor<$mx$nxf32>, tensor<$nx$mxf32>
)mlir");

/// y = 3 + c * s, added to what its memory was filled with: as a fold of
/// windows of one element is.
const std::string addedToAFill =
    product(", %scale: tensor<$mxf32> {mg.name = \"s\", mg.dtype = \"f32\"}",
            "tensor<$mx$nxf32> {mg.name = \"y\", mg.dtype = \"f32\"}",
            R"mlir(
    %three = arith.constant 3.0 : f32
    %e = tensor.empty() : tensor<$mx$nxf32>
    %threes = linalg.fill {$rows(0, 1)$} ins(%three : f32)
        outs(%e : tensor<$mx$nxf32>) -> tensor<$mx$nxf32>
    %y = linalg.generic {indexing_maps = [#id, #row, #id],
        iterator_types = ["parallel", "parallel"]}
        ins(%c, %scale : tensor<$mx$nxf32>, tensor<$mxf32>)
        outs(%threes : tensor<$mx$nxf32>) attrs = {$rows(0, 1)$} {
    ^bb0(%x: f32, %v: f32, %o: f32):
      %p = arith.mulf %x, %v : f32
      %q = arith.addf %o, %p : f32
      linalg.yield %q : f32
    } -> tensor<$mx$nxf32>
    return %y : tensor<$mx$nxf32>
)mlir");

/// Rows without the loops of one iteration, as a batch of one image leaves
/// them; the members name others of these.
const std::string loopsOfOne = R"mlir(
#mk = affine_map<(u, m, n, k) -> (u, m, k)>
#kn = affine_map<(u, m, n, k) -> (k, n)>
#umn = affine_map<(u, m, n, k) -> (u, m, n)>
#mnu = affine_map<(m, n, u) -> (u, m, n)>
#row = affine_map<(m, n, u) -> (m)>
module attributes {mg.name = "dots"} {
  func.func @run(%a: tensor<1x$mx$kxf32> {mg.name = "a", mg.dtype = "f32"},
                 %b: tensor<$kx$nxf32> {mg.name = "b", mg.dtype = "f32"},
                 %s: tensor<$mxf32> {mg.name = "s", mg.dtype = "f32"},
                 %r: tensor<1x$mx$nxf32> {mg.name = "r", mg.dtype = "f32"})
      -> (tensor<1x$mx$nxf32> {mg.name = "y", mg.dtype = "f32"})
      attributes {mg.entry} {
    %zero = arith.constant 0.0 : f32
    %empty = tensor.empty() : tensor<1x$mx$nxf32>
    %zeros = linalg.fill {$rows(1, 2)$} ins(%zero : f32)
        outs(%empty : tensor<1x$mx$nxf32>) -> tensor<1x$mx$nxf32>
    %c = linalg.generic {indexing_maps = [#mk, #kn, #umn],
        iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<1x$mx$kxf32>, tensor<$kx$nxf32>)
        outs(%zeros : tensor<1x$mx$nxf32>)
        attrs = {mg.contraction, $rows(1, 2)$} {
    ^bb0(%x: f32, %y: f32, %t: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %t, %p : f32
      linalg.yield %q : f32
    } -> tensor<1x$mx$nxf32>
    %e = tensor.empty() : tensor<1x$mx$nxf32>
    %y = linalg.generic {indexing_maps = [#mnu, #row, #mnu, #mnu],
        iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%c, %s, %r : tensor<1x$mx$nxf32>, tensor<$mxf32>,
                         tensor<1x$mx$nxf32>)
        outs(%e : tensor<1x$mx$nxf32>) attrs = {$rows(0, 1)$} {
    ^bb0(%x: f32, %v: f32, %w: f32, %o: f32):
      %i = linalg.index 2 : index
      %i64 = arith.index_cast %i : index to i64
      %u = arith.sitofp %i64 : i64 to f32
      %p = arith.mulf %x, %v : f32
      %q = arith.addf %p, %w : f32
      %z = arith.addf %q, %u : f32
      linalg.yield %z : f32
    } -> tensor<1x$mx$nxf32>
    return %y : tensor<1x$mx$nxf32>
  }
}
)mlir";

//===----------------------------------------------------------------------===//
// Running them
//===----------------------------------------------------------------------===//

std::vector<float> noise(int64_t n, uint32_t seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> values(-1, 1);
  std::vector<float> x(n);
  for (float &v : x)
    v = values(engine);
  return x;
}

int64_t countOf(const mg_argument &argument) {
  int64_t n = 1;
  for (int d = 0; d < argument.rank; ++d)
    n *= argument.shape[d];
  return n;
}

using Bytes = std::vector<unsigned char>;

/// What the module's entry writes for noise.
std::vector<Bytes> run(const Compiled &compiled, mg_pool *pool = nullptr) {
  const mg_entry &entry = compiled.model->entries[0];
  std::vector<std::vector<float>> inputs;
  std::vector<Bytes> outputs;
  std::vector<const void *> in;
  std::vector<void *> out;
  for (unsigned i = 0; i < entry.input_count; ++i)
    inputs.push_back(noise(countOf(entry.inputs[i]), i + 1));
  for (unsigned i = 0; i < entry.output_count; ++i)
    outputs.emplace_back(4 * countOf(entry.outputs[i]), 0xa5);
  for (auto &x : inputs)
    in.push_back(x.data());
  for (auto &x : outputs)
    out.push_back(x.data());
  EXPECT_EQ(compiled.call(in, out, {}, 0, pool), 0);
  return outputs;
}

const Shape shapes[] = {{1, 1, 1},      {1, 100, 33},   {17, 1, 5},
                        {9, 17, 1},     {13, 50, 70},   {70, 3, 40},
                        {33, 130, 65},  {40, 600, 130}, {35, 20, 10000},
                        {64, 200, 4000}};

class Epilogue : public testing::TestWithParam<std::string> {
protected:
  void check(const std::string &text) {
    std::unique_ptr<mg_pool, void (*)(mg_pool *)> pool(mg_pool_create(2),
                                                       mg_pool_destroy);
    for (const Shape &shape : shapes) {
      const Options options{.levels = {GetParam()}};
      const Compiled one(instantiate(text, shape, true), options);
      const Compiled many(instantiate(text, shape, false), options);
      ASSERT_TRUE(one && many);
      const auto want = run(many);
      EXPECT_EQ(run(one), want) << shape.m << " " << shape.n << " " << shape.k;
      EXPECT_EQ(run(one, pool.get()), want) << "with threads";
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Codegen, Epilogue, testing::ValuesIn(levelsHere()),
                         levelTestName);

TEST_P(Epilogue, BiasAndActivation) { check(biasAndActivation); }
TEST_P(Epilogue, TurnedAndHalves) { check(turnedAndHalves); }
TEST_P(Epilogue, CountedFromTheOtherSide) { check(countedFromTheOtherSide); }
TEST_P(Epilogue, LoopsOfOne) { check(loopsOfOne); }
TEST_P(Epilogue, AddedToAFill) { check(addedToAFill); }

uint64_t workspaceOf(const std::string &text, const Shape &shape, bool fused) {
  const Compiled compiled(instantiate(text, shape, fused));
  return compiled ? compiled.model->entries[0].workspace_bytes : ~0ull;
}

TEST(EpilogueMemory, NoneForTheProduct) {
  const Shape shape{40, 64, 16};
  EXPECT_GE(workspaceOf(turnedAndHalves, shape, false), 40 * 64 * 4);
  EXPECT_LT(workspaceOf(turnedAndHalves, shape, true), 40 * 64 * 4);
  EXPECT_GE(workspaceOf(loopsOfOne, shape, false), 40 * 64 * 4);
  EXPECT_LT(workspaceOf(loopsOfOne, shape, true), 40 * 64 * 4);
}

//===----------------------------------------------------------------------===//
// What buffers forbid
//===----------------------------------------------------------------------===//

/// A step of a linear recurrence in place: b = b + a . b. Tiles of the sum read
/// all of b, so it must not be written before they are complete.
TEST(EpilogueMemory, AnOperandUpdatedInPlaceIsReadFirst) {
  std::string text = product("",
                             "tensor<$kx$nxf32> {mg.name = \"y\", "
                             "mg.dtype = \"f32\", mg.updates = 1 : i64}",
                             R"mlir(
    %y = linalg.generic {indexing_maps = [#id, #id],
        iterator_types = ["parallel", "parallel"]}
        ins(%c : tensor<$mx$nxf32>)
        outs(%b : tensor<$kx$nxf32>) attrs = {$rows(0, 1)$} {
    ^bb0(%x: f32, %o: f32):
      %s = arith.addf %x, %o : f32
      linalg.yield %s : f32
    } -> tensor<$kx$nxf32>
    return %y : tensor<$kx$nxf32>
)mlir");
  const Shape shape{64, 48, 64};
  const Compiled one(instantiate(text, shape, true));
  ASSERT_TRUE(one);
  const auto a = noise(64 * 64, 1), b = noise(64 * 48, 2);
  auto updated = b;
  ASSERT_EQ(one.call({a.data(), updated.data()}, {updated.data()}), 0);
  for (int i = 0; i < 64; ++i)
    for (int j = 0; j < 48; ++j) {
      double want = b[i * 48 + j];
      for (int l = 0; l < 64; ++l)
        want += double(a[i * 64 + l]) * b[l * 48 + j];
      ASSERT_NEAR(updated[i * 48 + j], want, 1e-4) << i << " " << j;
    }
}

// An epilogue's loops are short: its constants must not take the registers of
// the sums, which are in use for all of k.
TEST(EpilogueCode, LeavesTheSumsInRegisters) {
  for (const char *level : {"x86-64-v3", "x86-64-v4"}) {
    Options options{.levels = {level}};
    options.emit = Emit::Assembly;
    auto artefact = compileText(
        instantiate(turnedAndHalves, {128, 3072, 768}, true), options);
    ASSERT_TRUE(mlir::succeeded(artefact));
    const HotBlocks hot =
        hotBlocksOf({artefact->bytes.data(), artefact->bytes.size()},
                    level == std::string("x86-64-v4") ? "%zmm" : "%ymm");
    EXPECT_GT(hot.count, 0) << level;
    EXPECT_EQ(hot.spills, 0) << level;
  }
}

} // namespace
