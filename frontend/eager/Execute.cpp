//===- Execute.cpp - ops as views or calls of the runtime's kernels -------===//
//
// A view op that strides can say costs nothing. Elementwise ops are found in
// the runtime by their mnemonic; each structured op has one line in a table
// that unpacks its attributes for its kernel.
//
//===----------------------------------------------------------------------===//
#include "frontend/eager/Execute.h"

#include "ir/Dialect.h"
#include "ir/Interfaces.h"
#include "ir/Ops.h"
#include "ir/StridedView.h"
#include "minigrad/kernels.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringMap.h"

#include <cstring>

namespace mg::eager {

using namespace mlir;
namespace ir = mlir::mg;

namespace {

/// An op about to run: what a line of the table sees.
struct Call {
  ArrayRef<Array> operands;
  DictionaryAttr attributes;
  MutableArrayRef<Array> results; // allocated, row-major
  mg_pool *pool;

  const mg_array *in(size_t i) const { return &operands[i].view; }
  const mg_array *out(size_t i = 0) const { return &results[i].view; }
  SmallVector<const mg_array *> allOperands() const {
    SmallVector<const mg_array *> all;
    for (const Array &operand : operands)
      all.push_back(&operand.view);
    return all;
  }
  SmallVector<const mg_array *> allResults() const {
    SmallVector<const mg_array *> all;
    for (const Array &result : results)
      all.push_back(&result.view);
    return all;
  }
  ArrayRef<int64_t> list(StringRef name) const {
    auto attribute = attributes.getAs<DenseI64ArrayAttr>(name);
    return attribute ? attribute.asArrayRef() : ArrayRef<int64_t>();
  }
  int64_t number(StringRef name, int64_t otherwise = 0) const {
    auto attribute = attributes.getAs<IntegerAttr>(name);
    return attribute ? attribute.getInt() : otherwise;
  }
  bool flag(StringRef name) const { return attributes.contains(name); }
  /// An enum of the dialect as the kernels' enum of the same meaning, whose
  /// numbers agree (checked below).
  template <class Enum, class Attr> Enum choice(StringRef name) const {
    return static_cast<Enum>(attributes.getAs<Attr>(name).getValue());
  }
  mg_reduction reduction() const {
    return choice<mg_reduction, ir::ReductionAttr>("kind");
  }
};

using Kernel = mg_status (*)(const Call &);

mg_status constant(const Call &call) {
  auto elements = call.attributes.getAs<DenseElementsAttr>("value");
  if (!elements)
    return MG_ERROR_UNSUPPORTED;
  const Array &out = call.results[0];
  const size_t size = mg_dtype_size(out.view.dtype);
  auto *to = static_cast<char *>(out.view.data);
  const bool splat = elements.isSplat();
  if (out.view.dtype == MG_BOOL) { // one bit an element in the attribute
    int64_t i = 0;
    for (bool value : elements.getValues<bool>())
      to[i++] = value;
    return MG_OK;
  }
  const char *from = elements.getRawData().data();
  for (int64_t i = 0, n = out.size(); i < n; ++i)
    std::memcpy(to + i * size, from + (splat ? 0 : i * size), size);
  return MG_OK;
}

/// The structured ops: everything that is neither a view nor elementwise.
Kernel structured(StringRef mnemonic) {
  static const llvm::StringMap<Kernel> table = {
      {"constant", constant},
      {"iota",
       [](const Call &c) { return mg_iota(c.number("dim"), c.out(), c.pool); }},
      {"bitcast", // the same bits: a copy that calls them something else
       [](const Call &c) {
         mg_array x = *c.in(0);
         x.dtype = c.out()->dtype;
         return mg_copy(&x, c.out(), c.pool);
       }},
      {"rng_bits",
       [](const Call &c) { return mg_rng_bits(c.in(0), c.out(), c.pool); }},
      {"select",
       [](const Call &c) {
         return mg_select(c.in(0), c.in(1), c.in(2), c.out(), c.pool);
       }},
      {"convert",
       [](const Call &c) {
         return mg_convert(
             c.in(0), c.choice<mg_convert_mode, ir::ConvertModeAttr>("mode"),
             c.out(), c.pool);
       }},
      {"pad",
       [](const Call &c) {
         return mg_pad(c.in(0), c.in(1), c.list("lo").data(),
                       c.list("hi").data(), c.list("interior").data(), c.out(),
                       c.pool);
       }},
      {"concat",
       [](const Call &c) {
         auto parts = c.allOperands();
         return mg_concat(parts.data(), parts.size(), c.number("dim"), c.out(),
                          c.pool);
       }},
      {"fold",
       [](const Call &c) {
         return mg_fold(c.in(0), c.list("dims").data(), c.list("size").data(),
                        c.list("stride").data(), c.list("dilation").data(),
                        c.list("dims").size(), c.out(), c.pool);
       }},
      {"dynamic_slice",
       [](const Call &c) {
         return mg_dynamic_slice(c.in(0), c.in(1), c.out(), c.pool);
       }},
      {"dynamic_update_slice",
       [](const Call &c) {
         return mg_dynamic_update_slice(c.in(0), c.in(1), c.in(2), c.out(),
                                        c.pool);
       }},
      {"gather",
       [](const Call &c) {
         return mg_gather(c.in(0), c.in(1), c.list("dims").data(),
                          c.list("dims").size(), c.number("batch_dims"),
                          c.out(), c.pool);
       }},
      {"scatter",
       [](const Call &c) {
         return mg_scatter(
             c.in(0), c.in(1), c.in(2), c.list("dims").data(),
             c.list("dims").size(), c.number("batch_dims"),
             c.choice<mg_scatter_mode, ir::ScatterModeAttr>("mode"), c.out(),
             c.pool);
       }},
      {"reduce",
       [](const Call &c) {
         return mg_reduce(c.reduction(), c.in(0), c.list("dims").data(),
                          c.list("dims").size(), c.out(), c.pool);
       }},
      {"arg_reduce",
       [](const Call &c) {
         return mg_arg_reduce(c.reduction(), c.in(0), c.number("dim"),
                              c.flag("last"), c.out(), c.pool);
       }},
      {"cumulative",
       [](const Call &c) {
         return mg_cumulative(c.reduction(), c.in(0), c.number("dim"),
                              c.flag("exclusive"), c.flag("reverse"), c.out(),
                              c.pool);
       }},
      {"sort",
       [](const Call &c) {
         auto in = c.allOperands(), out = c.allResults();
         return mg_sort(in.data(), in.size(), c.number("dim"),
                        c.flag("descending"), out.data(), c.pool);
       }},
      {"topk",
       [](const Call &c) {
         return mg_topk(c.in(0), c.number("dim"), c.flag("largest"), c.out(0),
                        c.out(1), c.pool);
       }},
      {"dot",
       [](const Call &c) {
         const mg_dot_dims dims = {
             c.list("lhs_batch").data(),
             c.list("rhs_batch").data(),
             c.list("lhs_contract").data(),
             c.list("rhs_contract").data(),
             static_cast<int32_t>(c.list("lhs_batch").size()),
             static_cast<int32_t>(c.list("lhs_contract").size())};
         return mg_dot(c.in(0), c.in(1), &dims, c.out(), c.pool);
       }},
      {"conv",
       [](const Call &c) {
         const mg_conv_dims dims = {
             c.list("strides").data(),      c.list("lo").data(),
             c.list("hi").data(),           c.list("lhs_dilation").data(),
             c.list("rhs_dilation").data(), c.number("groups", 1)};
         return mg_conv(c.in(0), c.in(1), &dims, c.out(), c.pool);
       }},
  };
  return table.lookup(mnemonic);
}

/// Elementwise ops by name; compare's name carries its predicate.
FailureOr<mg_status> elementwise(StringRef mnemonic, const Call &call) {
  std::string name = mnemonic.str();
  if (mnemonic == "compare")
    name +=
        "." +
        ir::stringifyDirection(
            call.attributes.getAs<ir::DirectionAttr>("direction").getValue())
            .str();
  if (const int op = mg_unary_op(name.c_str()); op >= 0)
    return mg_unary(op, call.in(0), call.out(), call.pool);
  if (const int op = mg_binary_op(name.c_str()); op >= 0)
    return mg_binary(op, call.in(0), call.in(1), call.out(), call.pool);
  return failure();
}

/// `operand` seen through a view op, where strides can say it.
FailureOr<Array> viewed(OperationName op, const Array &operand,
                        MLIRContext *context, DictionaryAttr attributes,
                        RankedTensorType result) {
  auto *view = op.getInterface<ir::View>();
  if (!view)
    return failure();
  ir::StridedView from;
  from.sizes.assign(operand.shape().begin(), operand.shape().end());
  from.strides.assign(operand.strides().begin(), operand.strides().end());
  auto to = view->viewOf(from, typeOf(context, operand), attributes, result);
  if (failed(to))
    return failure();
  Array array = operand;
  array.view.dtype = *dtypeOf(result.getElementType());
  array.view.rank = static_cast<int32_t>(to->sizes.size());
  llvm::copy(to->sizes, array.view.shape);
  llvm::copy(to->strides, array.view.strides);
  array.view.data =
      static_cast<char *>(operand.view.data) +
      to->offset * static_cast<int64_t>(mg_dtype_size(operand.view.dtype));
  return array;
}

const char *reason(mg_status status) {
  switch (status) {
  case MG_ERROR_ARGUMENT:
    return "an index is out of range";
  case MG_ERROR_UNSUPPORTED:
    return "no eager kernel for this dtype";
  default:
    return mg_status_text(status);
  }
}

} // namespace

static_assert(static_cast<int>(ir::Reduction::Sum) == MG_SUM &&
              static_cast<int>(ir::Reduction::Prod) == MG_PROD &&
              static_cast<int>(ir::Reduction::Max) == MG_MAX &&
              static_cast<int>(ir::Reduction::Min) == MG_MIN &&
              static_cast<int>(ir::ConvertMode::Truncate) == MG_TRUNCATE &&
              static_cast<int>(ir::ConvertMode::Nearest) == MG_NEAREST &&
              static_cast<int>(ir::ConvertMode::Saturate) == MG_SATURATE &&
              static_cast<int>(ir::ScatterMode::Set) == MG_SCATTER_SET &&
              static_cast<int>(ir::ScatterMode::Add) == MG_SCATTER_ADD &&
              static_cast<int>(ir::ScatterMode::Max) == MG_SCATTER_MAX);

FailureOr<std::vector<Array>>
execute(OperationName op, ArrayRef<Array> operands, DictionaryAttr attributes,
        ArrayRef<Type> resultTypes, Location location, mg_pool *pool) {
  if (op.getStringRef() == ir::BarrierOp::getOperationName())
    return operands.vec(); // eager mode computes all of them, in order
  MLIRContext *context = location.getContext();
  auto firstType = cast<RankedTensorType>(resultTypes.front());
  const bool isView = op.hasInterface<ir::View>();
  std::vector<Array> results;
  if (isView) {
    auto view = viewed(op, operands[0], context, attributes, firstType);
    if (succeeded(view))
      return std::vector<Array>{*view};
    // A reshape that strides cannot say: of a row-major copy they can.
    view =
        viewed(op, rowMajor(operands[0], pool), context, attributes, firstType);
    if (succeeded(view))
      return std::vector<Array>{*view};
    return emitError(location) << op.stripDialect() << ": not a view";
  }
  for (Type type : resultTypes) {
    auto tensor = cast<RankedTensorType>(type);
    auto dtype = dtypeOf(tensor.getElementType());
    if (failed(dtype) || !tensor.hasStaticShape())
      return emitError(location)
             << op.stripDialect() << ": eager execution needs a static shape";
    results.push_back(
        allocate(*dtype, {tensor.getShape().data(), tensor.getShape().size()}));
  }
  const Call call{operands, attributes, results, pool};
  mg_status status = MG_ERROR_UNSUPPORTED;
  if (Kernel kernel = structured(op.stripDialect())) {
    status = kernel(call);
  } else {
    auto found = elementwise(op.stripDialect(), call);
    if (failed(found))
      return emitError(location)
             << op.stripDialect() << ": there is no eager kernel";
    status = *found;
  }
  if (status != MG_OK)
    return emitError(location) << op.stripDialect() << ": " << reason(status);
  return results;
}

} // namespace mg::eager
