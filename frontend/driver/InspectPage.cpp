//===- InspectPage.cpp - an inspection as one page ------------------------===//
//
// Everything is in the file: style, drawings as SVG, and the few lines of
// script that mark a kernel's row with its box and count what is drawn.
//
//===----------------------------------------------------------------------===//
#include "frontend/driver/InspectModel.h"
#include "frontend/driver/KernelGraph.h"
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
.marked rect {{ stroke-width: 3; }} tr.marked {{ background: #eef5fc; }}
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

/// The graph of the kernels, each a box with its work and its bytes.
class GraphDrawing {
public:
  explicit GraphDrawing(const EntryReport &entry)
      : kernels(entry.made.kernels), places(layOut(graphOf(kernels))) {}

  std::string draw() const {
    std::size_t layers = 0, columns = 0;
    for (const Place &place : places) {
      layers = std::max(layers, place.layer + 1);
      columns = std::max(columns, place.column + 1);
    }
    std::string svg = fmt::format(
        "<svg width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n",
        columns * stepX + margin, layers * stepY + margin);
    for (std::size_t i = 0; i < kernels.size(); ++i)
      for (const codegen::KernelEdge &edge : kernels[i].reads)
        svg += drawEdge(indexOf(edge.from), i, edge.bytes);
    for (std::size_t i = 0; i < kernels.size(); ++i)
      svg += drawBox(i);
    return svg + "</svg>\n";
  }

private:
  static constexpr std::size_t width = 200, height = 52, stepX = 220,
                               stepY = 90, margin = 20;

  static Graph graphOf(const std::vector<KernelFacts> &kernels) {
    Graph graph{kernels.size(), {}};
    for (std::size_t i = 0; i < kernels.size(); ++i)
      for (const codegen::KernelEdge &edge : kernels[i].reads)
        graph.edges.emplace_back(edge.from - kernels[0].id, i);
    return graph;
  }
  std::size_t indexOf(std::int64_t id) const {
    return static_cast<std::size_t>(id - kernels[0].id);
  }
  std::size_t x(std::size_t i) const {
    return margin + places[i].column * stepX;
  }
  std::size_t y(std::size_t i) const {
    return margin + places[i].layer * stepY;
  }

  std::string drawEdge(std::size_t from, std::size_t to,
                       std::uint64_t bytes) const {
    const std::size_t x0 = x(from) + width / 2, y0 = y(from) + height,
                      x1 = x(to) + width / 2, y1 = y(to);
    return fmt::format(
        "<path class=\"edge\" stroke-width=\"{:.1f}\" d=\"M{} {}C{} {} {} {} "
        "{} {}\"><title>{}</title></path>\n",
        1 + std::log2(1 + static_cast<double>(bytes) / 4096) / 3, x0, y0, x0,
        (y0 + y1) / 2, x1, (y0 + y1) / 2, x1, y1, bytesText(bytes));
  }

  std::string drawBox(std::size_t i) const {
    const KernelFacts &kernel = kernels[i];
    const bool contraction =
        std::any_of(kernel.ops.begin(), kernel.ops.end(),
                    [](const codegen::OpFacts &op) { return op.contraction; });
    const std::string work = workText(kernel);
    return fmt::format(
        "<g class=\"kernel{}\" data-kernel=\"{}\"><title>{}</title><rect "
        "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>"
        "<text x=\"{}\" y=\"{}\">{}: {}</text>"
        "<text x=\"{}\" y=\"{}\">{}{}; {}FLOP</text>"
        "<text x=\"{}\" y=\"{}\">{} in, {} out</text></g>\n",
        contraction    ? " contraction"
        : kernel.moves ? " move"
                       : "",
        kernel.id, escapeHtml(work), x(i), y(i), width, height, x(i) + 8,
        y(i) + 16, kernel.id, escapeHtml(shortened(work, 26)), x(i) + 8,
        y(i) + 31, kernel.nodes.empty() ? "line " : "",
        escapeHtml(
            shortened(linesText(kernel), kernel.nodes.empty() ? 14 : 20)),
        withPrefix(kernel.flops), x(i) + 8, y(i) + 46,
        bytesText(kernel.bytesRead), bytesText(kernel.bytesWritten));
  }

  const std::vector<KernelFacts> &kernels;
  std::vector<Place> places;
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
         "<h3>Kernels</h3>\n" + GraphDrawing(entry).draw() +
         kernelTable(entry) + "<h3>Not fused</h3>\n" + unfusedTable(entry) +
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
