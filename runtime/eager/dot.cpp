// Products of any two views: batches of matrices, cut into tiles of the
// result. A tile is a task and sums over all terms itself, so the number of
// threads changes no bit.
#include "runtime/eager/level.h"
#include "runtime/eager/pack.h"

#include <stdlib.h>
#include <string.h>

namespace mg::runtime {
namespace {

// Columns per task: with kTermBlock terms their panels fill half a second
// cache. Rows per pass: their part of the left side fills the other half.
constexpr int64_t kColumns = 256;
constexpr int64_t kPassRows = 240;
// Fewer rows than these multiply the right side where it lies.
constexpr int64_t kFewRows = 12;

struct Product {
  Side lhs, rhs;
  const Gemm *gemm;
  const mg_loops *loops;
  size_t size; // of an accumulator
  int64_t batches, rows, cols, terms;
  int64_t task_rows, row_tasks, col_tasks;
  bool pack_lhs, pack_rhs;
  char *out;
  mg_status status;
};

int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

// A matrix where it lies, or one packed panel of it.
struct Matrix {
  const char *data;
  int64_t item, term; // strides
};

struct Task {
  const Product &p;
  const char *lhs, *rhs; // the batch's matrices
  char *out;
  int64_t row0, row1, col0, col1; // the tile
  int64_t term0, terms;           // the block of terms
  char *left, *right, *raw;       // packed panels

  int64_t panel_width() const { return static_cast<int64_t>(p.gemm->cols); }
  int64_t panel_rows() const { return static_cast<int64_t>(p.gemm->rows); }
  int64_t bytes(int64_t n) const { return n * static_cast<int64_t>(p.size); }
};

void pack_columns(const Task &t) {
  const int64_t width = t.panel_width();
  for (int64_t col = t.col0; col < t.col1; col += width) {
    const int64_t count = minimum(width, t.col1 - col);
    if (!t.p.pack_rhs && count == width)
      continue;
    pack(*t.p.loops, {&t.p.rhs, t.rhs, col, count, width, t.term0, t.terms},
         t.p.size, t.raw, t.right + t.bytes((col - t.col0) * t.terms));
  }
}

void pack_rows(const Task &t, int64_t row0, int64_t row1) {
  const int64_t width = t.panel_rows();
  for (int64_t row = row0; row < row1; row += width)
    pack(*t.p.loops,
         {&t.p.lhs, t.lhs, row, minimum(width, row1 - row), width, t.term0,
          t.terms},
         t.p.size, t.raw, t.left + t.bytes((row - row0) * t.terms));
}

// Rows [row, row + count) of the left side, from the pass that begins at row0.
Matrix rows_at(const Task &t, int64_t row0, int64_t row) {
  if (t.p.pack_lhs)
    return {t.left + t.bytes((row - row0) * t.terms), 1, t.panel_rows()};
  const int64_t item = t.p.lhs.items.inner_stride();
  const int64_t term = t.p.lhs.terms.inner_stride();
  return {t.lhs + t.bytes(row * item + t.term0 * term), item, term};
}

Matrix columns_at(const Task &t, int64_t col) {
  const int64_t width = t.panel_width();
  if (t.p.pack_rhs || col + width > t.col1)
    return {t.right + t.bytes((col - t.col0) * t.terms), 1, width};
  const int64_t term = t.p.rhs.terms.inner_stride();
  return {t.rhs + t.bytes(col + t.term0 * term), 1, term};
}

// One register tile. The last columns go through a buffer of full width.
void multiply(const Task &t, int64_t row, int64_t count, const Matrix &a,
              int64_t col, const Matrix &b) {
  const int64_t width = t.panel_width(), cols = t.p.cols;
  const int64_t inside = minimum(width, t.col1 - col);
  char *c = t.out + t.bytes(row * cols + col);
  const bool add = t.term0 > 0;
  const size_t mr = static_cast<size_t>(count);
  const size_t k = static_cast<size_t>(t.terms);
  if (inside == width)
    return t.p.gemm->tile(mr, k, a.data, a.item, a.term, b.data, b.term, c,
                          cols, add);
  alignas(64) char edge[4096];
  const size_t row_bytes = static_cast<size_t>(t.bytes(inside));
  for (int64_t i = 0; i < count && add; ++i)
    memcpy(edge + t.bytes(i * width), c + t.bytes(i * cols), row_bytes);
  t.p.gemm->tile(mr, k, a.data, a.item, a.term, b.data, b.term, edge, width,
                 add);
  for (int64_t i = 0; i < count; ++i)
    memcpy(c + t.bytes(i * cols), edge + t.bytes(i * width), row_bytes);
}

void multiply_pass(const Task &t, int64_t row0, int64_t row1) {
  if (t.p.pack_lhs)
    pack_rows(t, row0, row1);
  for (int64_t col = t.col0; col < t.col1; col += t.panel_width()) {
    const Matrix b = columns_at(t, col);
    for (int64_t row = row0; row < row1; row += t.panel_rows())
      multiply(t, row, minimum(t.panel_rows(), row1 - row),
               rows_at(t, row0, row), col, b);
  }
}

void run_tile(Task &t) {
  for (t.term0 = 0; t.term0 < t.p.terms; t.term0 += kTermBlock) {
    t.terms = minimum(kTermBlock, t.p.terms - t.term0);
    pack_columns(t);
    for (int64_t row = t.row0; row < t.row1; row += kPassRows)
      multiply_pass(t, row, minimum(row + kPassRows, t.row1));
  }
}

void run_task(void *context, int64_t task) {
  Product &p = *static_cast<Product *>(context);
  const int64_t row_task = task % p.row_tasks;
  const int64_t col_task = task / p.row_tasks % p.col_tasks;
  const int64_t batch = task / p.row_tasks / p.col_tasks;
  const int64_t size = static_cast<int64_t>(p.size);
  Task t = {p,
            p.lhs.batch.at(batch),
            p.rhs.batch.at(batch),
            p.out + batch * p.rows * p.cols * size,
            row_task * p.task_rows,
            minimum(p.rows, (row_task + 1) * p.task_rows),
            col_task * kColumns,
            minimum(p.cols, (col_task + 1) * kColumns),
            0,
            0,
            nullptr,
            nullptr,
            nullptr};
  const int64_t terms = minimum(p.terms, kTermBlock);
  const int64_t width = t.panel_width();
  const int64_t right = round_up(t.col1 - t.col0, width) * terms * size;
  const int64_t left =
      p.pack_lhs
          ? round_up(minimum(kPassRows, t.row1 - t.row0), t.panel_rows()) *
                terms * size
          : 0;
  const int64_t widest = width > t.panel_rows() ? width : t.panel_rows();
  const int64_t raw = widest * terms * 8;
  void *memory = nullptr;
  if (posix_memalign(&memory, 64, static_cast<size_t>(right + left + raw))) {
    __atomic_store_n(&p.status, MG_ERROR_MEMORY, __ATOMIC_RELAXED);
    return;
  }
  t.right = static_cast<char *>(memory);
  t.left = t.right + right;
  t.raw = t.left + left;
  run_tile(t);
  free(memory);
}

// Rows are cut only where batches and columns give the threads too little.
void plan(Product &p, size_t threads) {
  p.pack_lhs = !p.lhs.affine() || p.lhs.widen.count ||
               (p.lhs.terms.inner_stride() != 1 && p.cols > kColumns / 2);
  p.pack_rhs = !p.rhs.affine() || p.rhs.widen.count ||
               p.rhs.items.inner_stride() != 1 || p.rows > kFewRows;
  p.col_tasks = divide_up(p.cols, kColumns);
  const int64_t others = p.batches * p.col_tasks;
  const int64_t wanted =
      threads > 1 ? divide_up(2 * static_cast<int64_t>(threads), others) : 1;
  const int64_t tile = static_cast<int64_t>(p.gemm->rows);
  p.task_rows = round_up(divide_up(p.rows, wanted), tile);
  p.row_tasks = divide_up(p.rows, p.task_rows);
}

mg_status run(Product &p, mg_pool *pool) {
  const double work = static_cast<double>(p.batches * p.rows * p.cols) *
                      static_cast<double>(p.terms);
  if (work < 1 << 18)
    pool = nullptr;
  plan(p, mg_pool_threads(pool));
  p.status = MG_OK;
  mg_parallel_for(pool, run_task, &p, p.batches * p.col_tasks * p.row_tasks);
  return p.status;
}

// The streams of one operand. False where a dim is out of range or taken
// twice. `free` receives the sizes of the free dims.
bool make_side(const mg_array &x, const int64_t *batch, int32_t batch_count,
               const int64_t *contract, int32_t contract_count,
               mg_dtype accumulator, Side &side, int64_t *free_shape,
               int32_t &free_rank) {
  bool taken[MG_MAX_RANK] = {};
  int64_t shape[3][MG_MAX_RANK], strides[3][MG_MAX_RANK];
  int32_t rank[3] = {0, 0, 0};
  auto take = [&](int group, int64_t dim) {
    if (dim < 0 || dim >= x.rank || taken[dim])
      return false;
    taken[dim] = true;
    shape[group][rank[group]] = x.shape[dim];
    strides[group][rank[group]++] = x.strides[dim];
    return true;
  };
  for (int32_t k = 0; k < batch_count; ++k)
    if (!take(0, batch[k]))
      return false;
  for (int32_t k = 0; k < contract_count; ++k)
    if (!take(1, contract[k]))
      return false;
  free_rank = 0;
  for (int32_t k = 0; k < x.rank; ++k)
    if (!taken[k] && take(2, k))
      free_shape[free_rank++] = x.shape[k];
  side.size = mg_dtype_size(x.dtype);
  side.batch = Stream(x.data, side.size, rank[0], shape[0], strides[0]);
  side.terms = Stream(x.data, side.size, rank[1], shape[1], strides[1]);
  side.items = Stream(x.data, side.size, rank[2], shape[2], strides[2]);
  side.widen = conversion(*loops(), x.dtype, accumulator);
  return true;
}

// Integers wrap, so that 32 bits are enough for every narrower result.
mg_dtype accumulator_of(mg_dtype operand, mg_dtype out) {
  if (operand == MG_F64)
    return MG_F64;
  if (operand >= MG_F16)
    return MG_F32;
  return mg_dtype_size(out) == 8 ? MG_I64 : MG_I32;
}

bool is_signed(mg_dtype dtype) { return dtype >= MG_I8 && dtype <= MG_I64; }

// A product has its operands' dtype, or f32 where they are narrower floats, or
// a wider integer of 32 or 64 bits.
bool result_fits(mg_dtype operand, mg_dtype out) {
  if (out == operand)
    return true;
  if (operand >= MG_F16)
    return out == MG_F32 && operand != MG_F64;
  return out < MG_F16 && mg_dtype_size(out) >= 4 &&
         mg_dtype_size(out) >= mg_dtype_size(operand) &&
         is_signed(out) == is_signed(operand);
}

// The dtype that the accumulator's bits have in `out`.
bool holds_accumulator(mg_dtype out, mg_dtype accumulator) {
  return out == accumulator || (accumulator == MG_I32 && out == MG_U32) ||
         (accumulator == MG_I64 && out == MG_U64);
}

bool shapes_fit(const mg_array &lhs, const mg_array &rhs,
                const mg_dot_dims &dims, const mg_array &out,
                const int64_t *left, int32_t left_rank, const int64_t *right,
                int32_t right_rank) {
  if (out.rank != dims.batch_count + left_rank + right_rank)
    return false;
  for (int32_t k = 0; k < dims.contract_count; ++k)
    if (lhs.shape[dims.lhs_contract[k]] != rhs.shape[dims.rhs_contract[k]])
      return false;
  const int64_t *to = out.shape;
  for (int32_t k = 0; k < dims.batch_count; ++k, ++to)
    if (lhs.shape[dims.lhs_batch[k]] != rhs.shape[dims.rhs_batch[k]] ||
        lhs.shape[dims.lhs_batch[k]] != *to)
      return false;
  for (int32_t k = 0; k < left_rank; ++k)
    if (*to++ != left[k])
      return false;
  for (int32_t k = 0; k < right_rank; ++k)
    if (*to++ != right[k])
      return false;
  return true;
}

mg_array matrices(void *data, mg_dtype dtype, int64_t batches, int64_t rows,
                  int64_t cols) {
  mg_array view = {};
  view.data = data;
  view.dtype = dtype;
  view.rank = 3;
  view.shape[0] = batches;
  view.shape[1] = rows;
  view.shape[2] = cols;
  row_major(3, view.shape, view.strides);
  return view;
}

// By way of accumulators in memory: the result's dtype is another one, or the
// product was made with exchanged operands, so that its rows are columns.
mg_status run_apart(Product &p, mg_dtype accumulator, bool exchange,
                    const mg_array &out, mg_pool *pool) {
  const int64_t count = p.batches * p.rows * p.cols;
  p.out = static_cast<char *>(malloc(static_cast<size_t>(count) * p.size));
  MG_CHECK(p.out, MG_ERROR_MEMORY);
  if (exchange) {
    const Side lhs = p.lhs;
    p.lhs = p.rhs;
    p.rhs = lhs;
    const int64_t rows = p.rows;
    p.rows = p.cols;
    p.cols = rows;
  }
  mg_status status = run(p, pool);
  if (status == MG_OK) {
    mg_array from = matrices(p.out, accumulator, p.batches, p.rows, p.cols);
    mg_array to = matrices(out.data, out.dtype, p.batches, p.rows, p.cols);
    if (exchange) {
      to = matrices(out.data, out.dtype, p.batches, p.cols, p.rows);
      from.shape[1] = p.cols;
      from.shape[2] = p.rows;
      from.strides[1] = 1;
      from.strides[2] = p.cols;
    }
    status = mg_convert(&from, MG_TRUNCATE, &to, pool);
  }
  free(p.out);
  return status;
}

} // namespace
} // namespace mg::runtime

using namespace mg::runtime;

mg_status mg_dot(const mg_array *lhs, const mg_array *rhs,
                 const mg_dot_dims *dims, const mg_array *out, mg_pool *pool) {
  MG_CHECK(dims && dims->batch_count >= 0 && dims->contract_count >= 0,
           MG_ERROR_ARGUMENT);
  MG_CHECK(valid(lhs) && valid(rhs) && valid_result(out) &&
               lhs->dtype == rhs->dtype,
           MG_ERROR_SHAPE);
  MG_CHECK(lhs->dtype != MG_BOOL, MG_ERROR_UNSUPPORTED);
  MG_CHECK(loops(), MG_ERROR_CPU);
  const mg_dtype accumulator = accumulator_of(lhs->dtype, out->dtype);
  MG_CHECK(result_fits(lhs->dtype, out->dtype), MG_ERROR_SHAPE);
  Product p = {};
  int64_t left[MG_MAX_RANK], right[MG_MAX_RANK];
  int32_t left_rank, right_rank;
  MG_CHECK(make_side(*lhs, dims->lhs_batch, dims->batch_count,
                     dims->lhs_contract, dims->contract_count, accumulator,
                     p.lhs, left, left_rank) &&
               make_side(*rhs, dims->rhs_batch, dims->batch_count,
                         dims->rhs_contract, dims->contract_count, accumulator,
                         p.rhs, right, right_rank) &&
               shapes_fit(*lhs, *rhs, *dims, *out, left, left_rank, right,
                          right_rank),
           MG_ERROR_SHAPE);
  p.loops = loops();
  p.gemm = p.loops->gemm(accumulator);
  p.size = mg_dtype_size(accumulator);
  p.batches = p.lhs.batch.count;
  p.rows = p.lhs.items.count;
  p.cols = p.rhs.items.count;
  p.terms = p.lhs.terms.count;
  if (p.batches == 0 || p.rows == 0 || p.cols == 0)
    return MG_OK;
  if (p.terms == 0) {
    memset(out->data, 0,
           static_cast<size_t>(element_count(*out)) *
               mg_dtype_size(out->dtype));
    return MG_OK;
  }
  // A product of few columns would fill a fraction of its registers.
  const bool exchange =
      p.cols * 4 <= static_cast<int64_t>(p.gemm->cols) && p.rows > p.cols;
  if (exchange || !holds_accumulator(out->dtype, accumulator))
    return run_apart(p, accumulator, exchange, *out, pool);
  p.out = static_cast<char *>(out->data);
  return run(p, pool);
}
