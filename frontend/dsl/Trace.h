//===- Trace.h - functions being written down -----------------------------===//
//
// A trace is a module under construction; its frames are the functions being
// traced into it, the innermost last: an entry, then the bodies of composites
// in it. A tensor from outside a frame becomes
//   - a weight of the module, if `weightName` names it (ahead of time),
//   - a constant where it is small or one number everywhere,
//   - else a capture: one more argument of the frame's function.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DSL_TRACE_H
#define MG_FRONTEND_DSL_TRACE_H

#include "frontend/dsl/Context.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mg::detail {

using Tensors = std::vector<Tensor>;

/// The largest value that is written into the IR (`mg.constant`'s limit).
inline constexpr std::size_t maxConstantBytes = 64;

/// A finished function, and the tensors from outside that became its last
/// arguments.
struct Function {
  mlir::func::FuncOp op;
  Tensors captures;
};

class Trace {
public:
  /// Opens a trace on this thread, which has none. `name` is the module's.
  Trace(const std::string &name, const Where &where);
  /// The same in a context of the caller's, which has the dialects.
  Trace(const std::string &name, const Where &where, mlir::MLIRContext *shared);
  ~Trace();
  Trace(const Trace &) = delete;
  Trace &operator=(const Trace &) = delete;

  /// The trace that ops on this thread go to; null: they run at once.
  static Trace *current();
  /// Whether a frame of this thread's trace is still open.
  static bool isOpen(std::uint64_t frame);

  /// The name of the weight that a tensor from outside is, if it is one;
  /// `isLarge`: it is too large for a constant.
  std::function<std::optional<std::string>(const Tensor &, bool isLarge)>
      weightName;

  mlir::MLIRContext *context() { return used; }
  mlir::ModuleOp module() { return root.get(); }
  /// The module, taken out of a trace in a shared context.
  mlir::OwningOpRef<mlir::ModuleOp> take() { return std::move(root); }

  using Body = std::function<Tensors(const Tensors &)>;
  /// Traces `body` on placeholders for `inputs`, which have `labels`, into a
  /// new function. A private one gets a number behind its name.
  Function function(const std::string &name, bool isPublic,
                    const Tensors &inputs,
                    const std::vector<std::string> &labels, const Where &where,
                    const Body &body);

  /// The value of `x` in the innermost frame; `op` wants it.
  mlir::Value lift(const Tensor &x, const char *op, const Where &where);
  /// A new value of the innermost frame as a tensor.
  Tensor placeholder(mlir::Value value, const Where &where, std::string label);
  /// Where ops are put.
  mlir::OpBuilder &builder();

private:
  struct Frame {
    std::uint64_t serial;
    mlir::func::FuncOp function;
    mlir::OpBuilder builder;
    /// Tensors from outside, kept so that no other gets their address.
    std::map<const Value *, std::pair<Tensor, mlir::Value>> lifted = {};
    Tensors captures = {};
  };
  mlir::Value fromOutside(Frame &frame, const Tensor &x, const char *op,
                          const Where &where);

  std::unique_ptr<mlir::MLIRContext> owner;
  mlir::MLIRContext *used;
  mlir::OwningOpRef<mlir::ModuleOp> root;
  std::vector<Frame *> frames;
  int bodies = 0;
};

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_TRACE_H
