// Operators, numbers on either side, comparisons as tensors, the user's line.
#include "dsl-check.h"

#include "frontend/tensor/Value.h"

using mg::DType;
using mg::Tensor;

namespace {

template <class T> T twice(const T &x) { return x + x; } // line 11
unsigned line_of(const Tensor &t) { return t.value()->where.line(); }

static_assert(!std::is_default_constructible_v<std::hash<Tensor>>);
static_assert(sizeof(Tensor) == sizeof(void *));
template <class T>
concept Updates = requires(T t) { t += t; };
static_assert(!std::is_constructible_v<bool, Tensor> && !Updates<Tensor> &&
              !std::is_assignable_v<Tensor, float>);

TEST(Operators, NumbersOnEitherSide) {
  const Tensor x = mg::from({1.f, 2.f, 3.f}), y = mg::from({3.f, 2.f, 1.f});
  EXPECT_TRUE(is(2 * x + 1.0, {3, 5, 7}));
  EXPECT_TRUE(is(-x / 2, {-.5, -1, -1.5}));
  EXPECT_TRUE(is(x == y, {0, 1, 0}));
  EXPECT_TRUE(is(2 >= x, {1, 1, 0}));
  EXPECT_EQ((x == y).dtype(), DType::b1);
  EXPECT_TRUE(is(where(x < y, x, y), {1, 2, 1}));
  EXPECT_TRUE(mg::all(x == x).item<bool>());
  EXPECT_FALSE(mg::all(x == y).item<bool>());
  EXPECT_TRUE(is(!(x == y), {1, 0, 1}));
}

TEST(Operators, Integers) {
  const Tensor a = mg::from({7, -7, 7, -7}), b = mg::from({2, 2, -2, -2});
  EXPECT_TRUE(is(a % b, {1, 1, -1, -1}));
  EXPECT_TRUE(is(fmod(a, b), {1, -1, 1, -1}));
  EXPECT_TRUE(is(floor_divide(a, b), {3, -4, -4, 3}));
  EXPECT_TRUE(is(floor_divide(a, 0), {-1, -1, -1, -1}));
  EXPECT_TRUE(is(a / b, {3.5, -3.5, -3.5, 3.5}));
  EXPECT_TRUE(is(a << 1, {14, -14, 14, -14}));
  EXPECT_TRUE(is(a >> 1, {3, -4, 3, -4}));
  EXPECT_TRUE(is((a & 3) | 8, {11, 9, 11, 9}));
  EXPECT_TRUE(is(~a, {-8, 6, -8, 6}));
  EXPECT_TRUE(is(pow(a, 3), {343, -343, 343, -343}));
}

TEST(Operators, LinesOfTheUser) {
  const Tensor x = mg::from({1.f, 2.f});
  EXPECT_EQ(line_of(twice(x)), 11u);
  auto f = [&](auto v) { return v * 2; };
  EXPECT_EQ(line_of(f(x)), unsigned(__LINE__ - 1));
  EXPECT_EQ(line_of(softmax(x)), unsigned(__LINE__));
  EXPECT_EQ(line_of(x[0]), unsigned(__LINE__));
}

TEST(Operators, ViewsShareMemory) {
  const Tensor m = mg::from({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(transpose(m).value()->array.view.data, m.data());
  EXPECT_EQ(transpose(m).strides(), (mg::Shape{1, 3}));
  EXPECT_EQ(broadcast_to(m[0], {4, 3}).strides(), (mg::Shape{0, 1}));
  EXPECT_TRUE(has(error_of([&] { transpose(m).data(); }), "contiguous(x)"));
  EXPECT_EQ(contiguous(transpose(m)).strides(), (mg::Shape{2, 1}));
  EXPECT_TRUE(is(contiguous(transpose(m)), {3, 2}, {1, 4, 2, 5, 3, 6}));
}

TEST(Operators, ElementTypes) {
  const Tensor x = mg::from({-1.5, 0.5, 2.5, 300.0});
  for (DType dtype : {DType::f16, DType::bf16, DType::f64})
    EXPECT_TRUE(is(astype(x, dtype), {-1.5, 0.5, 2.5, 300}));
  EXPECT_TRUE(is(astype(x, DType::i8), {-1, 0, 2, 127}));
  EXPECT_TRUE(is(astype(x, DType::u8), {0, 0, 2, 255}));
  EXPECT_TRUE(
      is(astype(x, DType::i32, mg::Rounding::nearest), {-2, 0, 2, 300}));
  EXPECT_TRUE(is(saturate(mg::from({300, -300}), DType::i8), {127, -128}));
  EXPECT_TRUE(is(bitcast(mg::from({1.0f}), DType::i32), {0x3f800000}));
}

TEST(Operators, BorrowedMemory) {
  float memory[6] = {1, 2, 3, 4, 5, 6};
  int released = 0;
  {
    Tensor x = mg::borrow(memory, {3, 2}, {1, 3}, [&] { ++released; });
    EXPECT_TRUE(is(x, {3, 2}, {1, 4, 2, 5, 3, 6}));
    const Tensor view = x[2];
    x = Tensor();
    EXPECT_EQ(released, 0);
    EXPECT_TRUE(is(view, {3, 6}));
  }
  EXPECT_EQ(released, 1);
}

TEST(Operators, Printing) {
  auto text = [](const Tensor &t) {
    std::ostringstream out;
    out << t;
    return out.str();
  };
  EXPECT_EQ(text(mg::from({1, 2, 3, 4}, {2, 2})),
            "[[1, 2],\n [3, 4]] i32[2,2]");
  EXPECT_EQ(text(mg::from({1.5f})), "[1.5] f32[1]");
  EXPECT_EQ(text(mg::zeros({2000})), "[0, 0, 0, ..., 0, 0, 0] f32[2000]");
  EXPECT_EQ(text(Tensor(true)), "true bool[]");
  EXPECT_EQ(text(mg::spec({2})), "spec f32[2]");
}

} // namespace
