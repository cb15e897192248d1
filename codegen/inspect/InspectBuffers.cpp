//===- InspectBuffers.cpp - kernels, their bytes and their arithmetic -----===//
//
// What a kernel reads and writes is counted once per array (or part of one) and
// trip, not once per access: what a cache holds is not read again. An array
// that only the kernel itself uses costs nothing.
//
//===----------------------------------------------------------------------===//
#include "codegen/inspect/KernelRuns.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include <set>

using namespace mlir;

namespace mg::codegen {

/// An importer's name for a place in a file without lines ("node 'n' (Op)").
static NameLoc importedName(Location loc) {
  const NameLoc name = loc->findInstanceOf<NameLoc>();
  const auto at =
      name ? dyn_cast<FileLineColLoc>(name.getChildLoc()) : FileLineColLoc();
  return at && at.getColumn() == 0 ? name : NameLoc();
}

std::string lineOf(Location loc) {
  if (const NameLoc name = importedName(loc))
    return name.getName().str();
  const FileLineColLoc at = loc->findInstanceOf<FileLineColLoc>();
  if (!at)
    return "";
  return (at.getFilename().getValue() + ":" + Twine(at.getLine())).str();
}

namespace {

uint64_t bytesOf(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !shaped.hasStaticShape())
    return 0;
  return uint64_t(shaped.getNumElements()) *
         llvm::divideCeil(shaped.getElementTypeBitWidth(), 8);
}

/// The array that `value` is a part or another form of.
Value rootOf(Value value) {
  for (;;) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
      OpOperand *init = loop ? loop.getTiedLoopInit(argument) : nullptr;
      if (!init)
        return value;
      value = init->get();
      continue;
    }
    Operation *op = value.getDefiningOp();
    if (auto loop = dyn_cast<scf::ForOp>(op))
      value = loop.getInitArgs()[cast<OpResult>(value).getResultNumber()];
    else if (isa<ViewLikeOpInterface, memref::CastOp,
                 memref::ExtractAlignedPointerAsIndexOp>(op))
      value = op->getOperand(0);
    else
      return value;
  }
}

/// An array that an op reads or writes, as it names it.
struct Access {
  Value value;
  bool writes;
  /// A body that looks elements up reads no more than that.
  uint64_t atMost = UINT64_MAX;
};

double steps(linalg::LinalgOp op) {
  double product = 1;
  for (int64_t extent : op.getStaticLoopRanges())
    product *= double(extent);
  return product;
}

SmallVector<Access> accessesOf(Operation *op) {
  SmallVector<Access> accesses;
  if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<MemRefType>(operand.get().getType()))
        continue;
      const bool writes = structured.isDpsInit(&operand);
      if (structured.payloadUsesValueFromOperand(&operand))
        accesses.push_back({operand.get(), false});
      if (writes)
        accesses.push_back({operand.get(), true});
    }
    structured->walk([&](memref::LoadOp load) {
      const uint64_t bytes =
          llvm::divideCeil(load.getMemRefType().getElementTypeBitWidth(), 8);
      accesses.push_back(
          {load.getMemRef(), false, uint64_t(steps(structured)) * bytes});
    });
  } else if (auto copy = dyn_cast<memref::CopyOp>(op)) {
    accesses = {{copy.getSource(), false}, {copy.getTarget(), true}};
  } else {
    // The runtime's functions do not tell which arrays they write.
    for (Value operand : op->getOperands())
      if (operand.getDefiningOp<memref::ExtractAlignedPointerAsIndexOp>())
        accesses.push_back({operand.getDefiningOp()->getOperand(0), true});
  }
  return accesses;
}

bool isArithmetic(Operation *op) {
  if (op->getNumResults() != 1 || !isa<FloatType>(op->getResult(0).getType()))
    return false;
  return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
             arith::RemFOp, arith::MaximumFOp, arith::MinimumFOp,
             arith::MaxNumFOp, arith::MinNumFOp>(op) ||
         isa_and_present<math::MathDialect>(op->getDialect());
}

/// The ops of the body that compute, by name, each once.
std::string describe(linalg::LinalgOp op) {
  if (op->hasAttr("mg.contraction"))
    return "contraction";
  std::string text;
  std::set<StringRef> seen;
  op->walk([&](Operation *inner) {
    StringRef name = inner->getName().stripDialect();
    if (inner == op || inner->hasTrait<OpTrait::IsTerminator>() ||
        isa<linalg::IndexOp, LLVM::SSACopyOp>(inner) ||
        !seen.insert(name).second)
      return;
    text += (text.empty() ? "" : " ") + name.str();
  });
  return text.empty() ? isa<linalg::FillOp>(op) ? "fill" : "copy" : text;
}

OpFacts factsOf(Operation *op) {
  OpFacts facts;
  facts.location = lineOf(op->getLoc());
  if (auto call = dyn_cast<func::CallOp>(op)) {
    facts.what = call.getCallee();
    return facts;
  }
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured) {
    facts.what = "copy";
    facts.loops =
        cast<MemRefType>(op->getOperand(0).getType()).getShape().vec();
    facts.reduces.resize(facts.loops.size());
    return facts;
  }
  facts.what = describe(structured);
  facts.contraction = op->hasAttr("mg.contraction");
  llvm::append_range(facts.loops, structured.getStaticLoopRanges());
  for (utils::IteratorType type : structured.getIteratorTypesArray())
    facts.reduces.push_back(type == utils::IteratorType::reduction);
  int64_t arithmetic = 0;
  op->walk([&](Operation *inner) { arithmetic += isArithmetic(inner); });
  facts.flops = double(arithmetic) * steps(structured);
  return facts;
}

/// Iterations of the loops around `op`.
int64_t tripsOf(Operation *op) {
  int64_t trips = 1;
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop;
       loop = loop->getParentOfType<scf::ForOp>()) {
    const auto begin = getConstantIntValue(loop.getLowerBound());
    const auto end = getConstantIntValue(loop.getUpperBound());
    const auto step = getConstantIntValue(loop.getStep());
    if (begin && end && step && *step > 0 && *end > *begin)
      trips *= llvm::divideCeil(*end - *begin, *step);
  }
  return trips;
}

/// The lines of the ops and of what was fused into their bodies.
std::vector<int64_t> linesOf(const KernelRun &run) {
  std::map<StringRef, std::set<int64_t>> files;
  for (Operation *member : run)
    member->walk([&](Operation *op) {
      const FileLineColLoc at = op->getLoc()->findInstanceOf<FileLineColLoc>();
      if (at && at.getColumn() && !op->hasTrait<OpTrait::IsTerminator>())
        files[at.getFilename()].insert(at.getLine());
    });
  std::vector<int64_t> most;
  for (const auto &[file, lines] : files)
    if (lines.size() > most.size())
      most.assign(lines.begin(), lines.end());
  return most;
}

/// The names that an importer gave the ops, in the order of the file. A
/// constant or a fill stands where it was first used, which may be anywhere.
std::vector<std::string> nodesOf(const KernelRun &run) {
  std::map<int64_t, std::string> names;
  for (Operation *member : run)
    member->walk([&](Operation *op) {
      if (op->hasTrait<OpTrait::IsTerminator>() ||
          op->hasTrait<OpTrait::ConstantLike>() ||
          op->getParentOfType<linalg::FillOp>() || isa<linalg::FillOp>(op))
        return;
      if (const NameLoc name = importedName(op->getLoc()))
        names[cast<FileLineColLoc>(name.getChildLoc()).getLine()] =
            name.getName().str();
    });
  std::vector<std::string> ordered;
  for (auto &[line, name] : names)
    ordered.push_back(std::move(name));
  return ordered;
}

/// Reads an entry's kernels in program order and remembers who wrote what.
class KernelReader {
public:
  explicit KernelReader(func::FuncOp entry) : entry(entry) {}

  KernelFacts read(const KernelRun &run, int64_t id) {
    KernelFacts facts;
    facts.id = id;
    facts.trips = tripsOf(run.front());
    facts.lines = linesOf(run);
    facts.nodes = nodesOf(run);
    for (Operation *op : run) {
      facts.ops.push_back(factsOf(op));
      facts.flops += facts.ops.back().flops;
    }
    addTraffic(run, facts);
    noteMove(run, facts);
    return facts;
  }

private:
  /// Whether the array is made by an allocation that nobody else looks at.
  bool isInternal(Value root, const KernelRun &run) const {
    if (!root.getDefiningOp<memref::AllocOp>())
      return false;
    SmallVector<Value> names = {root};
    while (!names.empty())
      for (Operation *user : names.pop_back_val().getUsers()) {
        if (isa<ViewLikeOpInterface>(user)) {
          names.push_back(user->getResult(0));
          continue;
        }
        const bool inside = llvm::any_of(
            run, [&](Operation *op) { return op->isAncestor(user); });
        if (!inside && !isa<memref::DeallocOp>(user))
          return false;
      }
    return true;
  }

  void addTraffic(const KernelRun &run, KernelFacts &facts) {
    DenseSet<Value> read, written, writtenRoots;
    std::map<int64_t, uint64_t> edges;
    for (Operation *op : run)
      for (const Access &access : accessesOf(op)) {
        const Value root = rootOf(access.value);
        const uint64_t bytes =
            std::min(bytesOf(access.value.getType()), access.atMost);
        if (isInternal(root, run))
          continue;
        if (access.writes) {
          facts.bytesWritten += written.insert(access.value).second ? bytes : 0;
          writtenRoots.insert(root);
        } else if (!writtenRoots.contains(root) &&
                   read.insert(access.value).second) {
          facts.bytesRead += bytes;
          if (auto writer = writers.find(root); writer != writers.end())
            edges[writer->second] += bytes;
        }
      }
    for (Value root : writtenRoots)
      writers[root] = facts.id;
    for (auto [from, bytes] : edges)
      facts.reads.push_back({from, bytes});
  }

  void noteMove(const KernelRun &run, KernelFacts &facts) {
    if (run.size() != 1 || facts.ops[0].what != "copy")
      return;
    facts.moves = true;
    SmallVector<Access> accesses = accessesOf(run[0]);
    const auto isArgument = [&](Value value) {
      auto argument = dyn_cast<BlockArgument>(rootOf(value));
      return argument && argument.getOwner() == &entry.front();
    };
    facts.inherent = llvm::all_of(accesses, [&](const Access &access) {
      return isArgument(access.value);
    });
  }

  func::FuncOp entry;
  /// The last kernel that wrote to an array.
  DenseMap<Value, int64_t> writers;
};

std::string textOf(Attribute attribute) {
  if (auto text = dyn_cast_or_null<StringAttr>(attribute))
    return text.str();
  if (auto loc = dyn_cast_or_null<LocationAttr>(attribute))
    return lineOf(Location(loc));
  return "";
}

/// What passes/ noted about trips that were not shared.
std::vector<UnfusedEdge> unfusedOf(func::FuncOp entry) {
  std::vector<UnfusedEdge> edges;
  if (auto notes = entry->getAttrOfType<ArrayAttr>("mg.unfused"))
    for (auto note : notes.getAsRange<DictionaryAttr>()) {
      auto bytes = note.getAs<IntegerAttr>("bytes");
      edges.push_back({textOf(note.get("from")), textOf(note.get("to")),
                       textOf(note.get("reason")),
                       bytes ? uint64_t(bytes.getInt()) : 0});
    }
  return edges;
}

} // namespace

void inspectBuffers(ModuleOp buffers, Inspection &inspection) {
  int64_t id = 0;
  for (auto function : buffers.getOps<func::FuncOp>()) {
    if (!function->hasAttr("mg.entry"))
      continue;
    EntryFacts entry;
    entry.name = function.getName();
    entry.unfused = unfusedOf(function);
    KernelReader reader(function);
    for (const KernelRun &run : kernelRuns(function))
      entry.kernels.push_back(reader.read(run, id++));
    inspection.entries.push_back(std::move(entry));
  }
}

} // namespace mg::codegen
