//===- Emit.h - the one door through which every op goes ------------------===//
//
// A function of the DSL opens a Scope (its name and the user's line), makes
// its operands fit, and calls `emit`: which infers the result types, then
// appends to the innermost open trace, or computes at once.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DSL_EMIT_H
#define MG_FRONTEND_DSL_EMIT_H

#include "frontend/dsl/Trace.h"
#include "mg/ops.h"

#include "ir/Ops.h"

namespace mg::detail {

/// While alive, ops made on this thread carry this name and line in errors and
/// in the IR. The outermost wins: a composite's ops carry the call's.
class Scope {
public:
  Scope(const char *op, const Where &where);
  ~Scope();
  Scope(const Scope &) = delete;
  Scope &operator=(const Scope &) = delete;
  static const char *op();
  static const Where &where();

private:
  const char *name;
  Where place;
  bool isOutermost;
};

/// Throws the Error of the open scope; the note tells where `about` was made.
[[noreturn]] void fail(const std::string &rule);
[[noreturn]] void fail(const std::string &rule, const Tensor &about,
                       const std::string &role = "it");

/// The type of `t`, which must not be empty.
const Spec &specOf(const Tensor &t);

/// Whether all of them have values.
bool allKnown(const Tensors &operands);

/// The attributes of an op, in the context that ops are made in now.
class Attrs {
public:
  Attrs() : context(currentContext()) {}
  Attrs &set(llvm::StringRef name, mlir::Attribute value);
  Attrs &set(llvm::StringRef name, std::int64_t value);
  Attrs &set(llvm::StringRef name, llvm::ArrayRef<std::int64_t> value);
  /// A unit attribute, absent where false.
  Attrs &flag(llvm::StringRef name, bool value);
  /// A case of one of the dialect's enums.
  template <class EnumAttr, class Case>
  Attrs &choose(llvm::StringRef name, Case value) {
    return set(name, EnumAttr::get(context, value));
  }
  mlir::DictionaryAttr dictionary() const {
    return attributes.getDictionary(context);
  }

private:
  mlir::MLIRContext *context;
  mutable mlir::NamedAttrList attributes;
};

/// One op of the dialect. `wanted`: result types where the operands do not
/// tell.
Tensors emitAll(const char *mnemonic, const Tensors &operands,
                const Attrs &attributes = {},
                const std::vector<Spec> &wanted = {});
Tensor emit(const char *mnemonic, const Tensors &operands,
            const Attrs &attributes = {});
Tensor emit(const char *mnemonic, const Tensors &operands,
            const Attrs &attributes, const Spec &wanted);

/// A reverse-mode derivative by hand, of functions that the trace keeps beside
/// a composite's body.
struct Rule {
  /// The composite's operands -> its results, then residuals of its choice.
  Trace::Body forward = {};
  /// The residuals, then a cotangent per result that is a float -> one per
  /// operand that is a float.
  Trace::Body backward = {};
};

/// In a trace `body` becomes a private function, called by the name; eager it
/// just runs. Without a rule, derivatives are those of the body. A rule knows
/// nothing of what its functions capture: traced floats must be operands.
Tensors compositeAll(const char *name, const Tensors &operands,
                     const Attrs &attributes, const Trace::Body &body,
                     const Rule &rule = {});
/// The same with one result.
Tensor composite(const char *name, const Tensors &operands,
                 const Attrs &attributes, const Trace::Body &body,
                 const Rule &rule = {});

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_EMIT_H
