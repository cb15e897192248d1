//===- InspectPage.cpp - an inspection as one page ------------------------===//
//
// Everything is in the file: style, drawings as SVG, and the few lines of
// script that mark a kernel's row with its box and count what is drawn.
//
//===----------------------------------------------------------------------===//
#include "frontend/driver/InspectModel.h"
#include "frontend/driver/Lanes.h"
#include "frontend/driver/Quantity.h"
#include "frontend/driver/Values.h"

#include <algorithm>
#include <cmath>

namespace mg::driver {

namespace {

using codegen::BufferFacts, codegen::KernelFacts;

constexpr const char *head = R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{0}</title>
<style>
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; }}
table {{ border-collapse: collapse; margin: 1em 0; }}
td, th {{ padding: 2px 10px; text-align: left; border-bottom: 1px solid #ddd; }}
td.n, th.n {{ text-align: right; white-space: nowrap; }}
svg {{ background: #fafafa; border: 1px solid #ddd; max-width: 100%; }}
.kernel rect {{ fill: #dbe9f6; stroke: #4a7fb0; }}
.kernel.contraction rect {{ fill: #fbe3c8; stroke: #c08030; }}
.kernel.move rect {{ fill: #f6d5d5; stroke: #b04a4a; }}
.kernel rect.bar {{ fill: #9db8d2; stroke: none; }}
.contraction rect.bar {{ fill: #e0b070; }} .name {{ font-weight: 600; }}
g.marked rect {{ stroke-width: 2; }} .edge.marked {{ stroke: #c02020; }} tr.marked {{ background: #eef5fc; }}
.edge {{ stroke: #888; fill: none; }}
.buffer {{ fill: #cfe6cf; stroke: #4a904a; }}
text {{ font: 11px system-ui, sans-serif; }}
</style>
<h1>{0}</h1>
<p>CPU level {1}; loops over memory: {2} by vectors, {3} by scalars.</p>
)";

constexpr const char *script = R"(<script>
for (const entry of document.querySelectorAll('section')) {
  const count = name => entry.querySelectorAll(name).length;
  entry.dataset.drawn = ['g.kernel', '.edge', 'rect.buffer', 'tr.unfused']
    .map(count).join(' ');
  for (const part of entry.querySelectorAll('[data-kernel]')) {
    const same = entry.querySelectorAll(
      `[data-kernel="${part.dataset.kernel}"]`);
    for (const [event, on] of [['mouseenter', true], ['mouseleave', false]])
      part.addEventListener(event, () =>
        same.forEach(other => other.classList.toggle('marked', on)));
  }
}
</script>
</html>
)";

std::string bytesText(std::uint64_t bytes) {
  return formatBytes(static_cast<double>(bytes));
}

/// The kernels below one another in the order of the call, each with its share
/// of the work and of the bytes, and the arrays between them at their left.
class KernelDrawing {
public:
  explicit KernelDrawing(const EntryReport &entry)
      : kernels(entry.made.kernels) {
    placeLines();
    for (const KernelFacts &kernel : kernels) {
      mostFlops = std::max(mostFlops, flopsOf(kernel));
      mostBytes = std::max(mostBytes, bytesOf(kernel));
    }
  }

  std::string draw() const {
    std::string svg = fmt::format(
        "<svg width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
        "{1}\">\n",
        left + barsAt + 2 * barWidth + 160, (kernels.size() + 1) * rowHeight);
    svg += title(barsAt, "work") + title(barsAt + barWidth + 70, "bytes");
    for (std::size_t i = 0; i < kernels.size(); ++i)
      for (const codegen::KernelEdge &edge : kernels[i].reads)
        svg += drawLine(indexOf(edge.from), i, edge.bytes);
    for (std::size_t i = 0; i < kernels.size(); ++i)
      svg += drawRow(i);
    return svg + "</svg>\n";
  }

private:
  static constexpr std::size_t rowHeight = 24, laneWidth = 9, boxWidth = 560,
                               barsAt = boxWidth + 16, barWidth = 150;

  static double flopsOf(const KernelFacts &kernel) {
    return static_cast<double>(kernel.flops) *
           static_cast<double>(kernel.trips);
  }
  static double bytesOf(const KernelFacts &kernel) {
    return static_cast<double>(kernel.bytesRead + kernel.bytesWritten) *
           static_cast<double>(kernel.trips);
  }
  std::size_t indexOf(std::int64_t id) const {
    return static_cast<std::size_t>(id - kernels[0].id);
  }
  /// The middle of a row.
  static std::size_t y(std::size_t row) {
    return (row + 1) * rowHeight + rowHeight / 2;
  }

  void placeLines() {
    std::vector<std::size_t> last(kernels.size(), 0);
    for (std::size_t i = 0; i < kernels.size(); ++i)
      for (const codegen::KernelEdge &edge : kernels[i].reads)
        last[indexOf(edge.from)] = std::max(last[indexOf(edge.from)], i);
    std::vector<Span> spans;
    std::vector<std::size_t> writers;
    for (std::size_t i = 0; i < kernels.size(); ++i)
      if (last[i] > i) {
        spans.push_back({i, last[i]});
        writers.push_back(i);
      }
    const std::vector<std::size_t> found = lanesOf(spans);
    lanes.resize(kernels.size());
    std::size_t count = 0;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      lanes[writers[i]] = found[i];
      count = std::max(count, found[i] + 1);
    }
    left = count * laneWidth + 20;
  }

  std::string title(std::size_t at, const char *text) const {
    return fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", left + at,
                       rowHeight - 8, text);
  }

  std::string drawLine(std::size_t from, std::size_t to,
                       std::uint64_t bytes) const {
    const std::size_t lane = left - 12 - lanes[from] * laneWidth;
    return fmt::format(
        "<path class=\"edge\" data-kernel=\"{}\" stroke-width=\"{:.1f}\" "
        "d=\"M{} {}H{}V{}H{}\"><title>{}</title></path>\n",
        kernels[from].id,
        1 + std::log2(1 + static_cast<double>(bytes) / 4096) / 4, left,
        y(from) + 5, lane, y(to) - 5, left, bytesText(bytes));
  }

  std::string bar(std::size_t at, std::size_t row, double share,
                  const std::string &text) const {
    const double length = share * barWidth;
    return fmt::format("<rect class=\"bar\" x=\"{}\" y=\"{}\" "
                       "width=\"{:.1f}\" height=\"10\"/><text x=\"{:.1f}\" "
                       "y=\"{}\">{}</text>",
                       left + at, y(row) - 5, length,
                       static_cast<double>(left + at) + length + 5, y(row) + 4,
                       text);
  }

  std::string drawRow(std::size_t i) const {
    const KernelFacts &kernel = kernels[i];
    const bool contraction =
        std::any_of(kernel.ops.begin(), kernel.ops.end(),
                    [](const codegen::OpFacts &op) { return op.contraction; });
    const std::string work = workText(kernel), place = placeText(kernel);
    return fmt::format(
               "<g class=\"kernel{}\" data-kernel=\"{}\"><title>{}\n{}</title>"
               "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/>"
               "<text x=\"{}\" y=\"{}\">{}</text><text class=\"name\" "
               "x=\"{}\" y=\"{}\">{}</text><text x=\"{}\" y=\"{}\">{}</text>",
               contraction    ? " contraction"
               : kernel.moves ? " move"
                              : "",
               kernel.id, escapeHtml(place), escapeHtml(work), left,
               y(i) - rowHeight / 2 + 2, boxWidth, rowHeight - 4, left + 6,
               y(i) + 4, kernel.id, left + 36, y(i) + 4,
               escapeHtml(shortened(place, 38)), left + 290, y(i) + 4,
               escapeHtml(shortened(work, 42))) +
           bar(barsAt, i, flopsOf(kernel) / mostFlops,
               kernel.flops > 0 ? withPrefix(flopsOf(kernel)) + "FLOP" : "") +
           bar(barsAt + barWidth + 70, i, bytesOf(kernel) / mostBytes,
               formatBytes(bytesOf(kernel))) +
           "</g>\n";
  }

  static std::string placeText(const KernelFacts &kernel) {
    const std::string text = linesText(kernel);
    return kernel.nodes.empty() && !text.empty() ? "line " + text : text;
  }

  const std::vector<KernelFacts> &kernels;
  /// Of what each kernel writes.
  std::vector<std::size_t> lanes;
  /// Where the boxes begin.
  std::size_t left = 0;
  double mostFlops = 1, mostBytes = 1;
};

/// Addresses upward, moments to the right: each temporary array a rectangle.
std::string drawArena(const EntryReport &entry) {
  constexpr double width = 900, height = 320;
  const std::vector<BufferFacts> &buffers = entry.made.buffers;
  if (buffers.empty())
    return "<p>No temporary array.</p>\n";
  std::uint64_t end = 1;
  for (const BufferFacts &buffer : buffers)
    end = std::max(end, buffer.end + 1);
  const auto peak = static_cast<double>(
      std::max<std::uint64_t>(1, entry.made.workspaceBytes));
  std::string svg = fmt::format(
      "<svg width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n", width,
      height);
  for (const BufferFacts &buffer : buffers) {
    const double left = width * static_cast<double>(buffer.begin) /
                        static_cast<double>(end),
                 right = width * static_cast<double>(buffer.end + 1) /
                         static_cast<double>(end),
                 top = height *
                       (1 - static_cast<double>(buffer.offset + buffer.bytes) /
                                peak);
    svg += fmt::format(
        "<rect class=\"buffer\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" "
        "height=\"{:.2f}\"><title>{} at {}, {}</title></rect>\n",
        left, top, right - left,
        height * static_cast<double>(buffer.bytes) / peak,
        bytesText(buffer.bytes), buffer.offset, escapeHtml(buffer.location));
  }
  return svg + "</svg>\n";
}

std::string kernelTable(const EntryReport &entry) {
  std::string html =
      "<table><tr><th class=\"n\">#<th>lines<th>work<th>loops<th "
      "class=\"n\">trips<th class=\"n\">FLOP<th class=\"n\">read<th "
      "class=\"n\">written</tr>\n";
  for (const KernelFacts &kernel : entry.made.kernels)
    html += fmt::format(
        "<tr data-kernel=\"{0}\"><td class=\"n\">{0}<td>{1}<td>{2}<td>{3}<td "
        "class=\"n\">{4}<td class=\"n\">{5}<td class=\"n\">{6}<td "
        "class=\"n\">{7}</tr>\n",
        kernel.id, escapeHtml(linesText(kernel)), escapeHtml(workText(kernel)),
        formatExtents(kernel.ops.back().loops), kernel.trips,
        withPrefix(kernel.flops), bytesText(kernel.bytesRead),
        bytesText(kernel.bytesWritten));
  return html + "</table>\n";
}

std::string unfusedTable(const EntryReport &entry) {
  if (entry.made.unfused.empty())
    return "<p>No pair of ops was noted.</p>\n";
  std::string html = "<table><tr><th>from<th>to<th class=\"n\">bytes<th>why"
                     "</tr>\n";
  for (const codegen::UnfusedEdge &edge : entry.made.unfused)
    html += fmt::format("<tr class=\"unfused\"><td>{}<td>{}<td class=\"n\">{}"
                        "<td>{}</tr>\n",
                        escapeHtml(edge.from), escapeHtml(edge.to),
                        bytesText(edge.bytes), escapeHtml(edge.reason));
  return html + "</table>\n";
}

std::string section(const EntryReport &entry) {
  const std::size_t copies = entry.copies().size();
  return fmt::format(
             "<section data-entry=\"{0}\">\n<h2>{0}</h2>\n<p>{1}FLOP on at "
             "least {2}; {3} kernels; {4} views, copies left: {5}.</p>\n",
             escapeHtml(entry.type.name), withPrefix(entry.flops()),
             bytesText(entry.leastBytes()), entry.made.kernels.size(),
             entry.views, copies) +
         "<h3>Kernels</h3>\n" + KernelDrawing(entry).draw() +
         "<details><summary>As a table</summary>\n" + kernelTable(entry) +
         "</details>\n<h3>Not fused</h3>\n" + unfusedTable(entry) +
         fmt::format("<h3>Arena: {} at its peak</h3>\n",
                     bytesText(entry.made.workspaceBytes)) +
         drawArena(entry) + "</section>\n";
}

} // namespace

std::string inspectPage(const ModelFacts &facts) {
  std::string page =
      fmt::format(head, escapeHtml(facts.name), escapeHtml(facts.level),
                  facts.inspection.vectorLoops, facts.inspection.scalarLoops);
  for (const EntryReport &entry : facts.entries)
    page += section(entry);
  return page + script;
}

} // namespace mg::driver
