//===- InferenceTest.cpp - types of results without any Operation ---------===//
#include "ir/Ops.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <random>

using namespace mlir;
using namespace mlir::mg;

namespace {

/// What an op said: types, or errors.
struct Answer {
  bool succeeded;
  SmallVector<Type> types;
  std::vector<std::string> errors;
};

struct InferenceTest : testing::Test {
  MLIRContext context;
  Builder b{&context};

  InferenceTest() { context.loadDialect<MgDialect>(); }

  Answer infer(StringRef op, ArrayRef<Type> operands,
               ArrayRef<NamedAttribute> attributes,
               ArrayRef<Type> wanted = {}) {
    Answer answer;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      answer.errors.push_back(diagnostic.str());
      return success();
    });
    auto emitError = [&] { return mlir::emitError(b.getUnknownLoc()); };
    auto *interface = OperationName(op, &context).getInterface<ShapeInfer>();
    answer.succeeded = succeeded(interface->inferTypes(
        &context, emitError, operands, b.getDictionaryAttr(attributes), wanted,
        answer.types));
    return answer;
  }

  Type tensor(ArrayRef<int64_t> shape, Type element) {
    return RankedTensorType::get(shape, element);
  }
  NamedAttribute list(StringRef key, ArrayRef<int64_t> values) {
    return b.getNamedAttr(key, b.getDenseI64ArrayAttr(values));
  }
};

TEST_F(InferenceTest, DotTakesItsAccumulatorFromWhatIsWanted) {
  Type bf16 = b.getBF16Type();
  SmallVector<Type> operands = {tensor({4, 3}, bf16), tensor({3, 5}, bf16)};
  SmallVector<NamedAttribute> attributes = {list("lhs_contract", {1}),
                                            list("rhs_contract", {0})};
  Answer own = infer("mg.dot", operands, attributes);
  ASSERT_TRUE(own.succeeded);
  EXPECT_EQ(own.types[0], tensor({4, 5}, bf16));
  Answer wide =
      infer("mg.dot", operands, attributes, tensor({4, 5}, b.getF32Type()));
  ASSERT_TRUE(wide.succeeded);
  EXPECT_EQ(wide.types[0], tensor({4, 5}, b.getF32Type()));
}

TEST_F(InferenceTest, IndicesAreI32WhereNobodySays) {
  auto kind =
      b.getNamedAttr("kind", ReductionAttr::get(&context, Reduction::Max));
  auto dim = b.getNamedAttr("dim", b.getI64IntegerAttr(0));
  Answer answer =
      infer("mg.arg_reduce", tensor({4, 3}, b.getF32Type()), {kind, dim});
  ASSERT_TRUE(answer.succeeded);
  EXPECT_EQ(answer.types[0], tensor({3}, b.getI32Type()));
}

TEST_F(InferenceTest, MissingAndForeignThingsAreErrors) {
  Type x = tensor({4}, b.getF32Type());
  auto errorOf = [&](StringRef op, ArrayRef<Type> operands,
                     ArrayRef<NamedAttribute> attributes) {
    Answer answer = infer(op, operands, attributes);
    EXPECT_FALSE(answer.succeeded);
    return answer.errors.size() == 1 ? answer.errors[0] : "not one error";
  };
  EXPECT_EQ(errorOf("mg.reverse", x, {}),
            "reverse: attribute 'dims' is missing");
  EXPECT_EQ(errorOf("mg.reverse", x, b.getNamedAttr("dims", b.getUnitAttr())),
            "reverse: attribute 'dims' is of another kind");
  EXPECT_EQ(errorOf("mg.reverse", {x, x}, list("dims", {})),
            "reverse: takes 1 operand, not 2");
  EXPECT_EQ(errorOf("mg.reshape", x, {}),
            "reshape: the result's type must be given");
  EXPECT_EQ(errorOf("mg.exp", b.getF32Type(), {}),
            "exp: operand 0 is no ranked tensor");
  EXPECT_EQ(errorOf("mg.exp", Type(), {}),
            "exp: operand 0 is no ranked tensor");
  EXPECT_EQ(errorOf("mg.exp", tensor({4}, b.getIndexType()), {}),
            "exp: operand 0 has the element type 'index', which is none of "
            "ours");
  EXPECT_EQ(errorOf("mg.exp",
                    RankedTensorType::get({4}, b.getF32Type(), b.getUnitAttr()),
                    {}),
            "exp: operand 0 has an encoding that is no #mg.dims");
}

/// Operands, attributes and wanted types that nobody sane would ask with.
struct Hostile {
  Builder &b;
  std::mt19937 random{1};

  int below(int n) { return random() % n; }
  template <typename T> T oneOf(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }
  int64_t number() {
    return oneOf<int64_t>({0, 0, 1, 1, 1, 2, 2, 3, 4, -1, 7, 1ll << 31,
                           1ll << 62, INT64_MAX, INT64_MIN, INT64_MIN + 1});
  }
  SmallVector<int64_t> numbers() {
    SmallVector<int64_t> values(below(4));
    for (int64_t &value : values)
      value = number();
    return values;
  }

  Type type() {
    if (below(20) == 0)
      return oneOf<Type>({Type(), b.getF32Type(), b.getNoneType(),
                          UnrankedTensorType::get(b.getF32Type())});
    Type element = oneOf<Type>(
        {b.getF32Type(), b.getF32Type(), b.getF16Type(), b.getI32Type(),
         b.getI64Type(), b.getI1Type(), b.getIntegerType(8, false),
         b.getIntegerType(64, false), b.getIndexType(), b.getF80Type()});
    SmallVector<int64_t> shape(below(40) ? below(4) : 17, 1), lo, hi;
    SmallVector<StringAttr> names;
    for (int64_t &size : shape) {
      size = oneOf<int64_t>(
          {0, 1, 2, 2, 3, 3, 4, 7, 1ll << 31, INT64_MAX, ShapedType::kDynamic});
      bool isDynamic = ShapedType::isDynamic(size);
      names.push_back(b.getStringAttr(isDynamic ? oneOf({"n", "m"}) : ""));
      lo.push_back(oneOf<int64_t>({1, 2}));
      hi.push_back(oneOf<int64_t>({2, 2, 9, INT64_MAX}));
    }
    auto emit = [&] { return mlir::emitError(b.getUnknownLoc()); };
    EmitError error = emit;
    Attribute dims;
    if (below(8) && llvm::is_contained(shape, ShapedType::kDynamic))
      dims = DimsAttr::getChecked(error, b.getContext(), ArrayRef(names),
                                  ArrayRef(lo), ArrayRef(hi));
    return RankedTensorType::getChecked(error, shape, element, dims);
  }
  SmallVector<Type> types(int most) {
    SmallVector<Type> types(below(most + 1));
    for (Type &next : types)
      next = type();
    // Equal operands get further.
    if (types.size() > 1 && below(2))
      types[1] = types[0];
    return types;
  }

  Attribute attribute() {
    MLIRContext *context = b.getContext();
    auto vector = RankedTensorType::get({2}, b.getI32Type());
    switch (below(12)) {
    case 0:
      return b.getUnitAttr();
    case 1:
      return b.getStringAttr("");
    case 2:
      return b.getStringAttr("f");
    case 3:
      return FlatSymbolRefAttr::get(context, "f");
    case 4:
      return ReductionAttr::get(context, static_cast<Reduction>(below(6)));
    case 5:
      return ScatterModeAttr::get(context, static_cast<ScatterMode>(below(5)));
    case 6:
      return DirectionAttr::get(context, static_cast<Direction>(below(6)));
    case 7:
      return ConvertModeAttr::get(context, static_cast<ConvertMode>(below(3)));
    case 8:
      return DenseElementsAttr::get(vector, {1, 2});
    case 9:
      return b.getDictionaryAttr({});
    case 10:
      return b.getI32IntegerAttr(1);
    default:
      return Attribute();
    }
  }
  /// Of the kind that most attributes of that name have.
  Attribute attribute(StringRef key) {
    if (below(6) == 0)
      return attribute();
    if (key == "kind")
      return ReductionAttr::get(b.getContext(),
                                static_cast<Reduction>(below(6)));
    if (StringRef("dim dim0 dim1 k groups batch_dims").contains(key))
      return b.getI64IntegerAttr(number());
    if (StringRef("name callee decomposition value mode direction "
                  "composite_attributes")
            .contains(key))
      return attribute();
    return b.getDenseI64ArrayAttr(numbers());
  }
};

/// Any question gets an answer: types that all hold T1..T4, or one error.
TEST_F(InferenceTest, HostileQuestions) {
  Hostile hostile{b};
  std::map<StringRef, int> succeeded;
  for (int round = 0; round < 2000; ++round)
    for (RegisteredOperationName op : context.getRegisteredOperations()) {
      if (op.getDialectNamespace() != "mg")
        continue;
      Answer answer;
      {
        ScopedDiagnosticHandler quiet(&context,
                                      [](Diagnostic &) { return success(); });
        SmallVector<NamedAttribute> attributes;
        for (StringAttr key : op.getAttributeNames())
          if (Attribute value = hostile.attribute(key.getValue()))
            attributes.push_back({key, value});
        SmallVector<Type> operands = hostile.types(3);
        SmallVector<Type> wanted = hostile.types(2);
        answer = infer(op.getStringRef(), operands, attributes, wanted);
      }
      ASSERT_EQ(answer.errors.size(), answer.succeeded ? 0u : 1u)
          << op.getStringRef().str();
      if (!answer.succeeded) {
        ASSERT_TRUE(StringRef(answer.errors[0])
                        .starts_with((op.stripDialect() + ": ").str()))
            << answer.errors[0];
        continue;
      }
      ++succeeded[op.getStringRef()];
      for (Type type : answer.types) {
        auto tensor = dyn_cast<RankedTensorType>(type);
        ASSERT_TRUE(tensor && isElementType(tensor.getElementType()));
        ASSERT_LE(tensor.getRank(), maxRank);
        ASSERT_TRUE(checkedProduct(shapeOf(tensor),
                                   elementBytes(tensor.getElementType())));
      }
    }
  // The generator reaches most ops' far ends.
  EXPECT_GT(succeeded.size(), 45u);
}

} // namespace
