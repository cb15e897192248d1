// What a linalg module may hold besides linalg: loops, branches, slices,
// statuses, calls of the runtime, constants, every element type.
#include "Compiled.h"
#include "minigrad/status.h"

#include <cmath>
#include <numeric>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

TEST(Structure, ALoopCarriesWhatItYields) {
  // Fibonacci on tensors: both carried values change, one takes the other's.
  const Compiled compiled(R"mlir(
#id = affine_map<(i) -> (i)>
module attributes {mg.name = "loop"} {
  func.func @run(%a: tensor<5xf32> {mg.name = "a", mg.dtype = "f32"},
                 %b: tensor<5xf32> {mg.name = "b", mg.dtype = "f32"})
      -> (tensor<5xf32> {mg.name = "c", mg.dtype = "f32"},
          tensor<5xf32> {mg.name = "d", mg.dtype = "f32"})
      attributes {mg.entry} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c7 = arith.constant 7 : index
    %r:2 = scf.for %i = %c0 to %c7 step %c1 iter_args(%x = %a, %y = %b)
        -> (tensor<5xf32>, tensor<5xf32>) {
      %e = tensor.empty() : tensor<5xf32>
      %z = linalg.generic {indexing_maps = [#id, #id, #id],
                           iterator_types = ["parallel"]}
          ins(%x, %y : tensor<5xf32>, tensor<5xf32>)
          outs(%e : tensor<5xf32>) {
      ^bb0(%p: f32, %q: f32, %o: f32):
        %s = arith.addf %p, %q : f32
        linalg.yield %s : f32
      } -> tensor<5xf32>
      scf.yield %y, %z : tensor<5xf32>, tensor<5xf32>
    }
    return %r#0, %r#1 : tensor<5xf32>, tensor<5xf32>
  }
}
)mlir");
  ASSERT_TRUE(compiled);
  std::vector<float> a(5, 0), b = {1, 2, 3, 4, 5}, c(5), d(5);
  const std::vector<float> a0 = a, b0 = b;
  EXPECT_EQ(compiled.call({a.data(), b.data()}, {c.data(), d.data()}), MG_OK);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(c[i], 13 * b0[i]);
    EXPECT_EQ(d[i], 21 * b0[i]);
  }
  EXPECT_EQ(a, a0);
  EXPECT_EQ(b, b0);
}

TEST(Structure, TwoCarriedValuesChangePlaces) {
  const Compiled compiled(R"mlir(
module attributes {mg.name = "swap"} {
  func.func @run(%a: tensor<4xi32> {mg.name = "a", mg.dtype = "i32"},
                 %b: tensor<4xi32> {mg.name = "b", mg.dtype = "i32"})
      -> (tensor<4xi32> {mg.name = "c", mg.dtype = "i32"},
          tensor<4xi32> {mg.name = "d", mg.dtype = "i32"})
      attributes {mg.entry} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %r:2 = scf.for %i = %c0 to %c3 step %c1 iter_args(%x = %a, %y = %b)
        -> (tensor<4xi32>, tensor<4xi32>) {
      scf.yield %y, %x : tensor<4xi32>, tensor<4xi32>
    }
    return %r#0, %r#1 : tensor<4xi32>, tensor<4xi32>
  }
}
)mlir");
  ASSERT_TRUE(compiled);
  const std::vector<int32_t> a = {1, 2, 3, 4}, b = {5, 6, 7, 8};
  std::vector<int32_t> c(4), d(4);
  EXPECT_EQ(compiled.call({a.data(), b.data()}, {c.data(), d.data()}), MG_OK);
  EXPECT_EQ(c, b);
  EXPECT_EQ(d, a);
}

TEST(Structure, AScanWritesItsSlices) {
  const Compiled compiled(R"mlir(
#id = affine_map<(i) -> (i)>
module attributes {mg.name = "scan"} {
  func.func @run(%xs: tensor<6x5xf32> {mg.name = "xs", mg.dtype = "f32"},
                 %s0: tensor<5xf32> {mg.name = "s", mg.dtype = "f32"})
      -> (tensor<6x5xf32> {mg.name = "ys", mg.dtype = "f32"},
          tensor<5xf32> {mg.name = "last", mg.dtype = "f32"})
      attributes {mg.entry} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c6 = arith.constant 6 : index
    %e = tensor.empty() : tensor<6x5xf32>
    %r:2 = scf.for %i = %c0 to %c6 step %c1 iter_args(%ys = %e, %s = %s0)
        -> (tensor<6x5xf32>, tensor<5xf32>) {
      %x = tensor.extract_slice %xs[%i, 0] [1, 5] [1, 1] : tensor<6x5xf32> to tensor<5xf32>
      %f = tensor.empty() : tensor<5xf32>
      %n = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
          ins(%x, %s : tensor<5xf32>, tensor<5xf32>) outs(%f : tensor<5xf32>) {
      ^bb0(%p: f32, %q: f32, %o: f32):
        %a = arith.addf %p, %q : f32
        linalg.yield %a : f32
      } -> tensor<5xf32>
      %ys1 = tensor.insert_slice %n into %ys[%i, 0] [1, 5] [1, 1] : tensor<5xf32> into tensor<6x5xf32>
      scf.yield %ys1, %n : tensor<6x5xf32>, tensor<5xf32>
    }
    return %r#0, %r#1 : tensor<6x5xf32>, tensor<5xf32>
  }
}
)mlir");
  ASSERT_TRUE(compiled);
  std::vector<float> xs(30), s(5, 100), ys(30), last(5);
  std::iota(xs.begin(), xs.end(), 0.0f);
  EXPECT_EQ(compiled.call({xs.data(), s.data()}, {ys.data(), last.data()}),
            MG_OK);
  std::vector<float> sum = s;
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 5; ++j)
      EXPECT_EQ(ys[i * 5 + j], sum[j] += xs[i * 5 + j]);
  EXPECT_EQ(last, sum);
  EXPECT_EQ(s, std::vector<float>(5, 100));
}

TEST(Structure, BranchesAndStatus) {
  const Compiled compiled(R"mlir(
#id = affine_map<(i) -> (i)>
module attributes {mg.name = "branch"} {
  func.func @run(%x: tensor<6xf32> {mg.name = "x", mg.dtype = "f32"},
                 %which: tensor<i8> {mg.name = "which", mg.dtype = "bool"})
      -> (tensor<6xf32> {mg.name = "y", mg.dtype = "f32"},
          tensor<i32> {mg.status}) attributes {mg.entry} {
    %w = tensor.extract %which[] : tensor<i8>
    %zero = arith.constant 0 : i8
    %one = arith.constant 1.0 : f32
    %c = arith.cmpi ne, %w, %zero : i8
    %y = scf.if %c -> tensor<6xf32> {
      %e = tensor.empty() : tensor<6xf32>
      %z = linalg.generic {indexing_maps = [#id, #id],
                           iterator_types = ["parallel"]}
          ins(%x : tensor<6xf32>) outs(%e : tensor<6xf32>) {
      ^bb0(%p: f32, %o: f32):
        %s = arith.addf %p, %p : f32
        linalg.yield %s : f32
      } -> tensor<6xf32>
      scf.yield %z : tensor<6xf32>
    } else {
      scf.yield %x : tensor<6xf32>
    }
    %ok = arith.constant 0 : i32
    %bad = arith.constant 7 : i32
    %code = arith.select %c, %ok, %bad : i32
    %status = tensor.from_elements %code : tensor<i32>
    return %y, %status : tensor<6xf32>, tensor<i32>
  }
}
)mlir");
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled.model->entries[0].output_count, 1u);
  const std::vector<float> x = {1, 2, 3, 4, 5, 6};
  std::vector<float> y(6);
  uint8_t which = 1;
  EXPECT_EQ(compiled.call({x.data(), &which}, {y.data()}), MG_OK);
  EXPECT_EQ(y, (std::vector<float>{2, 4, 6, 8, 10, 12}));
  which = 0;
  EXPECT_EQ(compiled.call({x.data(), &which}, {y.data()}), MG_ERROR_ARGUMENT);
  EXPECT_EQ(y, x);
}

TEST(Structure, ACallOfTheRuntime) {
  // The keys are a temporary, which must live until the call.
  const Compiled compiled(R"mlir(
#id = affine_map<(i) -> (i)>
module attributes {mg.name = "sort"} {
  func.func private @mg_call_argsort(index, index, i32, i64, i64, i64, i32) -> i32
  func.func @run(%x: tensor<6xf32> {mg.name = "x", mg.dtype = "f32"})
      -> (tensor<6xi64> {mg.name = "order", mg.dtype = "i64"},
          tensor<i32> {mg.status}) attributes {mg.entry} {
    %e = tensor.empty() : tensor<6xf32>
    %keys = linalg.generic {indexing_maps = [#id, #id],
                            iterator_types = ["parallel"]}
        ins(%x : tensor<6xf32>) outs(%e : tensor<6xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<6xf32>
    %from = bufferization.to_memref %keys : memref<6xf32>
    %perm = memref.alloc() : memref<6xi64>
    %a = memref.extract_aligned_pointer_as_index %from : memref<6xf32> -> index
    %b = memref.extract_aligned_pointer_as_index %perm : memref<6xi64> -> index
    %f32 = arith.constant 11 : i32
    %one = arith.constant 1 : i64
    %six = arith.constant 6 : i64
    %up = arith.constant 0 : i32
    %code = func.call @mg_call_argsort(%a, %b, %f32, %one, %six, %one, %up)
        : (index, index, i32, i64, i64, i64, i32) -> i32
    %order = bufferization.to_tensor %perm restrict : memref<6xi64>
    %status = tensor.from_elements %code : tensor<i32>
    return %order, %status : tensor<6xi64>, tensor<i32>
  }
}
)mlir");
  ASSERT_TRUE(compiled);
  const std::vector<float> x = {3, 1, 4, 1, 5, 9};
  std::vector<int64_t> order(6);
  EXPECT_EQ(compiled.call({x.data()}, {order.data()}), MG_OK);
  EXPECT_EQ(order, (std::vector<int64_t>{5, 4, 2, 0, 1, 3}));
}

TEST(Structure, SlicesPadsAndConcats) {
  const Compiled compiled(R"mlir(
module attributes {mg.name = "pieces"} {
  func.func @run(%x: tensor<3x4xi64> {mg.name = "x", mg.dtype = "i64"})
      -> (tensor<2x6xi64> {mg.name = "y", mg.dtype = "i64"},
          tensor<5x4xi64> {mg.name = "z", mg.dtype = "i64"},
          tensor<12xi64> {mg.name = "flat", mg.dtype = "i64"},
          tensor<3x4xi64> {mg.name = "same", mg.dtype = "i64"})
      attributes {mg.entry} {
    %nine = arith.constant 9 : i64
    %s = tensor.extract_slice %x[1, 1] [2, 2] [1, 2]
        : tensor<3x4xi64> to tensor<2x2xi64>
    %y = tensor.pad %s low[0, 1] high[0, 3] {
    ^bb0(%i: index, %j: index):
      tensor.yield %nine : i64
    } : tensor<2x2xi64> to tensor<2x6xi64>
    %t = tensor.extract_slice %x[0, 0] [2, 4] [1, 1]
        : tensor<3x4xi64> to tensor<2x4xi64>
    %z = tensor.concat dim(0) %x, %t
        : (tensor<3x4xi64>, tensor<2x4xi64>) -> tensor<5x4xi64>
    %flat = tensor.collapse_shape %x [[0, 1]] : tensor<3x4xi64> into tensor<12xi64>
    return %y, %z, %flat, %x
        : tensor<2x6xi64>, tensor<5x4xi64>, tensor<12xi64>, tensor<3x4xi64>
  }
}
)mlir");
  ASSERT_TRUE(compiled);
  std::vector<int64_t> x(12), y(12), z(20), flat(12), same(12);
  std::iota(x.begin(), x.end(), 0);
  EXPECT_EQ(
      compiled.call({x.data()}, {y.data(), z.data(), flat.data(), same.data()}),
      MG_OK);
  EXPECT_EQ(y, (std::vector<int64_t>{9, 5, 7, 9, 9, 9, 9, 9, 11, 9, 9, 9}));
  std::vector<int64_t> want = x;
  want.insert(want.end(), x.begin(), x.begin() + 8);
  EXPECT_EQ(z, want);
  EXPECT_EQ(flat, x);
  EXPECT_EQ(same, x);
}

// Both begin with the same piece: each result has its own, and no result is
// made in another's place.
TEST(Structure, ResultsOfOneBeginning) {
  const Compiled compiled(R"mlir(
module attributes {mg.name = "pieces"} {
  func.func @run(%x: tensor<2xi64> {mg.name = "x", mg.dtype = "i64"},
                 %y: tensor<2xi64> {mg.name = "y", mg.dtype = "i64"})
      -> (tensor<6xi64> {mg.name = "a", mg.dtype = "i64"},
          tensor<6xi64> {mg.name = "b", mg.dtype = "i64"})
      attributes {mg.entry} {
    %e = tensor.empty() : tensor<6xi64>
    %1 = tensor.insert_slice %x into %e[0] [2] [1]
        : tensor<2xi64> into tensor<6xi64>
    %2 = tensor.insert_slice %x into %1[2] [2] [1]
        : tensor<2xi64> into tensor<6xi64>
    %b = tensor.insert_slice %x into %2[4] [2] [1]
        : tensor<2xi64> into tensor<6xi64>
    %3 = tensor.insert_slice %y into %1[2] [2] [1]
        : tensor<2xi64> into tensor<6xi64>
    %a = tensor.insert_slice %x into %3[4] [2] [1]
        : tensor<2xi64> into tensor<6xi64>
    return %a, %b : tensor<6xi64>, tensor<6xi64>
  }
}
)mlir");
  ASSERT_TRUE(compiled);
  const std::vector<int64_t> x = {1, 2}, y = {3, 4};
  std::vector<int64_t> a(6), b(6);
  EXPECT_EQ(compiled.call({x.data(), y.data()}, {a.data(), b.data()}), MG_OK);
  EXPECT_EQ(a, (std::vector<int64_t>{1, 2, 3, 4, 1, 2}));
  EXPECT_EQ(b, (std::vector<int64_t>{1, 2, 1, 2, 1, 2}));
  EXPECT_EQ(compiled.model->entries[0].workspace_bytes, 0u)
      << "nothing lies anywhere else";
}

// Large enough that only the frame around the copy is filled.
TEST(Structure, PaddingOfALargeArray) {
  const int64_t n = 3, h = 500, w = 400, lo = 2, hi = 3;
  const Compiled compiled(R"mlir(
module attributes {mg.name = "padded"} {
  func.func @run(%x: tensor<3x500x400xf32> {mg.name = "x", mg.dtype = "f32"})
      -> (tensor<4x505x405xf32> {mg.name = "y", mg.dtype = "f32"})
      attributes {mg.entry} {
    %nine = arith.constant 9.0 : f32
    %e = tensor.empty() : tensor<4x505x405xf32>
    %f = linalg.fill ins(%nine : f32) outs(%e : tensor<4x505x405xf32>)
        -> tensor<4x505x405xf32>
    %y = tensor.insert_slice %x into %f[1, 2, 2] [3, 500, 400] [1, 1, 1]
        : tensor<3x500x400xf32> into tensor<4x505x405xf32>
    return %y : tensor<4x505x405xf32>
  }
}
)mlir");
  ASSERT_TRUE(compiled);
  std::vector<float> x(n * h * w), y((n + 1) * (h + lo + hi) * (w + lo + hi));
  std::iota(x.begin(), x.end(), 0.f);
  ASSERT_EQ(compiled.call({x.data()}, {y.data()}), MG_OK);
  size_t at = 0;
  for (int64_t i = -1; i < n; ++i)
    for (int64_t j = -lo; j < h + hi; ++j)
      for (int64_t k = -lo; k < w + hi; ++k, ++at) {
        const bool inside = i >= 0 && j >= 0 && j < h && k >= 0 && k < w;
        ASSERT_EQ(y[at], inside ? x[(i * h + j) * w + k] : 9.f)
            << i << " " << j << " " << k;
      }
}

TEST(Structure, ConstantsAndRepeatedResults) {
  const Compiled compiled(R"mlir(
module attributes {mg.name = "constants"} {
  func.func @run() -> (tensor<4xf32> {mg.name = "a", mg.dtype = "f32"},
                       tensor<4xf32> {mg.name = "b", mg.dtype = "f32"},
                       tensor<1000xi16> {mg.name = "s", mg.dtype = "i16"})
      attributes {mg.entry} {
    %c = arith.constant dense<[1.0, -2.0, 0.5, 3.25]> : tensor<4xf32>
    %s = arith.constant dense<7> : tensor<1000xi16>
    return %c, %c, %s : tensor<4xf32>, tensor<4xf32>, tensor<1000xi16>
  }
}
)mlir");
  ASSERT_TRUE(compiled);
  std::vector<float> a(4), b(4);
  std::vector<int16_t> s(1000);
  EXPECT_EQ(compiled.call({}, {a.data(), b.data(), s.data()}), MG_OK);
  EXPECT_EQ(a, (std::vector<float>{1, -2, 0.5, 3.25}));
  EXPECT_EQ(b, a);
  EXPECT_EQ(s, std::vector<int16_t>(1000, 7));
}

TEST(Structure, EmptyArraysMayBeNull) {
  const Compiled compiled(R"mlir(
#id = affine_map<(i, j) -> (i, j)>
module attributes {mg.name = "none"} {
  func.func @run(%x: tensor<0x3xf32> {mg.name = "x", mg.dtype = "f32"})
      -> (tensor<0x3xf32> {mg.name = "y", mg.dtype = "f32"})
      attributes {mg.entry} {
    %e = tensor.empty() : tensor<0x3xf32>
    %y = linalg.generic {indexing_maps = [#id, #id],
                         iterator_types = ["parallel", "parallel"]}
        ins(%x : tensor<0x3xf32>) outs(%e : tensor<0x3xf32>) {
    ^bb0(%p: f32, %o: f32):
      %s = arith.addf %p, %p : f32
      linalg.yield %s : f32
    } -> tensor<0x3xf32>
    return %y : tensor<0x3xf32>
  }
}
)mlir");
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled.call({nullptr}, {nullptr}), MG_OK);
}

/// A chain of `n` elementwise ops, each into a new tensor.
std::string chainOf(int n) {
  std::string text = R"mlir(
#id = affine_map<(i) -> (i)>
module attributes {mg.name = "long"} {
  func.func @run(%v0: tensor<1024xf32> {mg.name = "x", mg.dtype = "f32"})
      -> (tensor<1024xf32> {mg.name = "y", mg.dtype = "f32"})
      attributes {mg.entry} {
    %one = arith.constant 1.0 : f32
)mlir";
  for (int i = 0; i < n; ++i) {
    const std::string at = std::to_string(i), to = std::to_string(i + 1);
    text += "%e" + at + " = tensor.empty() : tensor<1024xf32>\n%v" + to +
            " = linalg.generic {indexing_maps = [#id, #id], iterator_types = "
            "[\"parallel\"]} ins(%v" +
            at + " : tensor<1024xf32>) outs(%e" + at +
            " : tensor<1024xf32>) {\n^bb0(%p: f32, %o: f32):\n"
            "%s = arith.addf %p, %one : f32\nlinalg.yield %s : f32\n} -> "
            "tensor<1024xf32>\n";
  }
  return text + "return %v" + std::to_string(n) + " : tensor<1024xf32>\n}}\n";
}

TEST(Structure, AChainReusesItsWorkspace) {
  const Compiled compiled(chainOf(100));
  ASSERT_TRUE(compiled);
  EXPECT_LE(compiled.artefact.entries[0].workspaceBytes, 2 * 4096u);
  const std::vector<float> x(1024, 0.5f);
  std::vector<float> y(1024);
  EXPECT_EQ(compiled.call({x.data()}, {y.data()}), MG_OK);
  EXPECT_EQ(y, std::vector<float>(1024, 100.5f));
}

} // namespace
