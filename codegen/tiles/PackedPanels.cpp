//===- PackedPanels.cpp - panels of a contraction, and passes over them ---===//
//
// What the tiles of a column read is copied into one piece, a panel, for all of
// them; a long one in parts, of which all tiles take one before the next:
//
//   for n:                              for n:
//     for m:                              for part of k:
//       c[m, n ..] += a[m, :] b[:, n ..]    panel = b[part, n .. n + 47]
//                                           for m: c[m, n ..] += a[m, part]
//                                           panel
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/CopyNest.h"
#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;

namespace mg::codegen {

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

/// Copies what one tile's columns read of the packed input into a panel of the
/// reduction loops x the tile's width, and makes the nest read the panel. An
/// input that is computed is computed now.
void TileEmitter::packPanel(Tile tile) {
  Access &input = nest.inputs[plan.packed];
  int64_t size = plan.vecs * plan.lanes;
  unsigned first = plan.reduction.front();
  Access panel{{}, input.element, SmallVector<int64_t>(nest.size(), 0)};
  for (unsigned d : llvm::reverse(plan.reduction)) {
    panel.strides[d] = size;
    size *= plan.depth && d == first ? plan.depth : nest.extents[d];
  }
  panel.strides[plan.vector] = 1;
  panel.buffer = createPanel(copiesAhead() ? 2 * size : size, input.element);
  // The panel begins where the tile and the pass do.
  Value offset = multiply(ivs[plan.vector], -1);
  if (pass)
    offset = add(offset, multiply(pass->begin, -panel.strides[first]));

  if (copiesAhead()) {
    packPair(panel, size, tile);
    offset = add(offset, panel.start);
    panel.start = {};
  } else if (plan.packed == nest.computed) {
    bool isCut =
        nest.tail.body &&
        (!pass || isLastPass || int(plan.reduction.front()) != nest.grouped);
    copyToPanel(nest.producer, panel, tile, isCut ? CutOff : All);
    if (isCut)
      copyToPanel(nest.tail, panel, tile, Last);
  } else {
    auto body = createCopyBody(b, loc, input.element);
    copyToPanel({body.get(), {input}}, panel, tile, All);
  }
  flats[plan.packed] = {panel.buffer, offset};
  input = panel;
}

/// Fills the panel from its first element on: with all words, or without the
/// last one, or with that one only; or with one row of what the next one has.
void TileEmitter::copyToPanel(const Producer &producer, const Access &panel,
                              Tile tile, PanelPart part, Value rowOfNext) {
  LoopNest copy{loc, producer.body};
  unsigned first = plan.reduction.front();
  for (const Access &source : producer.inputs) {
    Access from = source;
    from.strides.clear();
    from.start = source.start ? source.start : constant(0);
    from.panels = {}; // a tile lies in one
    if (source.hasPanels())
      from.start = add(from.start, panelOf(source));
    auto move = [&](Value by, unsigned d) {
      from.start =
          add(from.start, multiply(by, source.strides[d] * source.group));
    };
    for (unsigned d = 0; d < nest.size() && !source.isScalar(); ++d)
      if (!nest.reduction[d])
        move(ivs[d], d);
    if (pass)
      move(pass->begin, first);
    if (rowOfNext && !source.isScalar()) {
      move(constant(plan.tileOf(plan.vector)), plan.vector);
      move(rowOfNext, first);
    }
    copy.inputs.push_back(from);
  }
  copy.outputs = {Access{panel.buffer, panel.element}};
  copy.outputs[0].start = panel.start;
  copy.initial = {Value()};
  auto copyLoop = [&](unsigned d, int64_t extent) {
    copy.extents.push_back(extent);
    copy.reduction.push_back(false);
    copy.indexed.push_back(false);
    for (auto [to, from] : llvm::zip_equal(copy.inputs, producer.inputs))
      to.strides.push_back(from.strides[d]);
    copy.outputs[0].strides.push_back(panel.strides[d]);
  };
  for (unsigned d : plan.reduction) {
    if (rowOfNext)
      break; // the only one
    int64_t extent = pass && d == first ? pass->length : nest.extents[d];
    if (int(d) != nest.grouped || part == All) {
      copyLoop(d, extent);
      continue;
    }
    if (part == CutOff && extent == 1)
      return;
    copyLoop(d, part == CutOff ? extent - 1 : 1);
    if (part == Last)
      for (auto [to, from] : llvm::zip_equal(copy.inputs, producer.inputs))
        to.offset += (extent - 1) * from.strides[d];
    if (part == Last)
      copy.outputs[0].offset += (extent - 1) * panel.strides[d];
  }
  copyLoop(plan.vector, (tile.vecs - 1) * plan.lanes + tile.last);
  simplify(copy);
  TileEmitter(b, copy, planVectors(copy, plan.nativeLanes, 0)).emit();
}

/// A panel, if one is packed, and the loops that read it.
void TileEmitter::emitPanel(unsigned level, Tile tile) {
  auto end = llvm::make_scope_exit([&] { readAhead.clear(); });
  beginAhead();
  if (plan.packed < 0)
    return emitParallel(level + 1, tile);
  Access input = nest.inputs[plan.packed];
  Flat flat = flats[plan.packed];
  packPanel(tile);
  emitParallel(level + 1, tile);
  nextPanel.reset();
  nest.inputs[plan.packed] = input;
  flats[plan.packed] = flat;
}

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

/// Puts the sums between passes in the place of the output, or back.
void TileEmitter::swapPartial() {
  std::swap(nest.outputs[0], partial->access);
  std::swap(flats[nest.inputs.size()], partial->flat);
  std::swap(nest.initial[0], partial->initial);
}

/// Where the sums of a panel's columns wait for the next pass: in the output,
/// or in memory of the task where the output has none, or none that is
/// contiguous. Sets them to the start.
void TileEmitter::preparePartial(unsigned level) {
  const Access &output = nest.outputs[0];
  Value buffer = partial ? partial->buffer : Value();
  partial.emplace();
  partial->access = output;
  partial->flat = flats[nest.inputs.size()];
  if (!output.stored || output.strides[plan.vector] != 1) {
    SmallVector<int64_t> strides(nest.size(), 0);
    int64_t size = plan.vecs * plan.lanes;
    strides[plan.vector] = 1;
    for (unsigned d :
         llvm::reverse(llvm::drop_begin(plan.parallel, level + 1))) {
      strides[d] = size;
      size *= nest.extents[d];
    }
    if (!buffer) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(frame());
      buffer = b.create<memref::AllocOp>(
          loc, MemRefType::get({size}, output.element));
    }
    partial->access = {buffer, output.element, strides};
    partial->flat = {buffer, multiply(ivs[plan.vector], -1)};
  }
  partial->buffer = buffer;
}

void TileEmitter::emitPass(unsigned level, Tile tile, Value begin,
                           int64_t count) {
  pass = {begin, count};
  emitPanel(level, tile);
}

/// The first pass begins with the initial value, the last one completes the
/// sums.
void TileEmitter::emitPasses(unsigned level, Tile tile) {
  int64_t extent = nest.extents[plan.reduction.front()], depth = plan.depth;
  int64_t passes = llvm::divideCeil(extent, depth);
  isLastPass = false;
  preparePartial(level);
  partial->initial = nest.initial[0];
  emitPass(level, tile, constant(0), depth);
  partial->initial = {};
  loop(depth, (passes - 1) * depth, depth, {},
       [&](Value begin, ValueRange) -> Values {
         emitPass(level, tile, begin, depth);
         return {};
       });
  isLastPass = true;
  emitPass(level, tile, constant((passes - 1) * depth),
           extent - (passes - 1) * depth);
  pass.reset();
}

/// One panel for all tiles of a task.
Value TileEmitter::createPanel(int64_t size, Type element) {
  if (!panelBuffer) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(frame());
    panelBuffer =
        b.create<memref::AllocOp>(loc, MemRefType::get({size}, element));
  }
  return panelBuffer;
}

} // namespace mg::codegen
