//===- InspectModel.cpp - the verb inspect --------------------------------===//
#include "frontend/driver/InspectModel.h"

#include "frontend/driver/Quantity.h"
#include "frontend/driver/Supervise.h"
#include "frontend/driver/Values.h"
#include "frontend/io/WholeFile.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <optional>

namespace mg::driver {

namespace {

using codegen::KernelFacts;

std::string typesOf(const std::vector<codegen::Argument> &arguments) {
  std::string text;
  for (const codegen::Argument &argument : arguments)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", argument.name,
                        formatType(argument.dtype, argument.shape));
  return text.empty() ? "none" : text;
}

/// The loops of the kernel's largest op.
std::string loopsOf(const KernelFacts &kernel) {
  const codegen::OpFacts *largest = nullptr;
  for (const codegen::OpFacts &op : kernel.ops)
    if (!largest || op.loops.size() > largest->loops.size())
      largest = &op;
  return formatExtents(largest->loops);
}

void printKernels(const EntryReport &entry) {
  fmt::print("  kernels   {}\n", entry.made.kernels.size());
  fmt::print("    {:>3}  {:<14} {:<18} {:>8} {:>9} {:>9}  ops\n", "#", "lines",
             "loops", "FLOPs", "read", "written");
  for (const KernelFacts &kernel : entry.made.kernels)
    fmt::print("    {:>3}  {:<14} {:<18} {:>8} {:>9} {:>9}  {}{}\n", kernel.id,
               shortened(linesText(kernel), 14), loopsOf(kernel),
               withPrefix(kernel.flops),
               formatBytes(static_cast<double>(kernel.bytesRead)),
               formatBytes(static_cast<double>(kernel.bytesWritten)),
               shortened(workText(kernel), 60),
               kernel.trips > 1 ? fmt::format(" ({} trips)", kernel.trips)
                                : "");
}

void printUnfused(const EntryReport &entry) {
  if (entry.made.unfused.empty())
    return;
  fmt::print("  not fused {}\n", entry.made.unfused.size());
  for (const codegen::UnfusedEdge &edge : entry.made.unfused)
    fmt::print("    {} -> {} ({}): {}\n", edge.from, edge.to,
               formatBytes(static_cast<double>(edge.bytes)), edge.reason);
}

void printMemory(const EntryReport &entry) {
  std::uint64_t sum = 0;
  for (const codegen::BufferFacts &buffer : entry.made.buffers)
    sum += buffer.bytes;
  fmt::print("  memory    peak {} for {} temporary arrays of {}\n",
             formatBytes(static_cast<double>(entry.made.workspaceBytes)),
             entry.made.buffers.size(), formatBytes(static_cast<double>(sum)));
  for (const codegen::BufferFacts &buffer : entry.made.buffers)
    fmt::print("    {:>10} at {:>10}, from {:>4} to {:>4}  {}\n",
               formatBytes(static_cast<double>(buffer.bytes)), buffer.offset,
               buffer.begin, buffer.end, buffer.location);
}

void printEntry(const EntryReport &entry) {
  std::int64_t ops = 0, parameters = 0;
  for (const auto &[name, count] : entry.ops)
    ops += count;
  for (const codegen::Argument &weight : entry.weights) {
    std::int64_t elements = 1;
    for (std::int64_t extent : weight.shape)
      elements *= extent;
    parameters += elements;
  }
  fmt::print("entry {}\n", entry.type.name);
  fmt::print("  inputs    {}\n", typesOf(entry.type.inputs));
  fmt::print("  outputs   {}\n", typesOf(entry.type.outputs));
  fmt::print("  weights   {} arrays, {} parameters, {}\n", entry.weights.size(),
             withPrefix(static_cast<double>(parameters)),
             formatBytes(static_cast<double>(entry.weightBytes())));
  fmt::print("  ops       {}:", ops);
  for (const auto &[name, count] : entry.ops)
    fmt::print(" {}{}", name, count > 1 ? fmt::format("*{}", count) : "");
  fmt::print("\n  work      {}FLOP on at least {}\n", withPrefix(entry.flops()),
             formatBytes(static_cast<double>(entry.leastBytes())));
  printKernels(entry);
  printUnfused(entry);
  fmt::print("  views     {}, copies left: {}\n", entry.views,
             entry.copies().size());
  for (const KernelFacts *copy : entry.copies())
    fmt::print("    kernel {} moves {}: {}\n", copy->id,
               formatBytes(static_cast<double>(copy->bytesWritten)),
               copy->ops[0].location);
  printMemory(entry);
}

/// N of "kernels<=N".
std::optional<std::size_t> kernelLimit(const std::string &expect) {
  constexpr std::string_view prefix = "kernels<=";
  std::size_t limit = 0;
  if (!expect.starts_with(prefix))
    return std::nullopt;
  const char *end = expect.data() + expect.size();
  auto [stop, error] =
      std::from_chars(expect.data() + prefix.size(), end, limit);
  if (error != std::errc() || stop != end)
    return std::nullopt;
  return limit;
}

void checkExpects(const std::vector<std::string> &expects) {
  for (const std::string &expect : expects)
    if (expect != "one_kernel" && expect != "no_copy" && expect != "vector" &&
        !kernelLimit(expect))
      throw Failure(Exit::Usage, "mgc",
                    fmt::format("--expect: '{}' is unknown", expect),
                    "one_kernel, no_copy, vector, kernels<=N");
}

/// Why `expect` does not hold of an entry; empty: it does.
std::string broken(const std::string &expect, const EntryReport &entry,
                   const codegen::Inspection &all) {
  const std::size_t kernels = entry.made.kernels.size();
  if (expect == "no_copy") {
    std::string where;
    for (const KernelFacts *copy : entry.copies())
      where += fmt::format(
          "{}{} ({})", where.empty() ? "" : ", ", copy->ops[0].location,
          formatBytes(static_cast<double>(copy->bytesWritten)));
    return where.empty() ? "" : "copies at " + where;
  }
  if (expect == "vector")
    return all.scalarLoops == 0
               ? ""
               : fmt::format("{} loops over scalars: {}", all.scalarLoops,
                             fmt::join(all.scalarLocations, ", "));
  const std::size_t limit =
      expect == "one_kernel" ? 1 : kernelLimit(expect).value_or(0);
  const bool holds = expect == "one_kernel" ? kernels == 1 : kernels <= limit;
  return holds ? "" : fmt::format("{} kernels", kernels);
}

Exit check(const ModelFacts &facts, const InspectOptions &inspect) {
  Exit exit = Exit::Done;
  for (const EntryReport &entry : facts.entries)
    for (const std::string &expect : inspect.expects)
      if (std::string why = broken(expect, entry, facts.inspection);
          !why.empty()) {
        fmt::print(stderr, "mgc: '{}' is not {}: {}\n", entry.type.name, expect,
                   why);
        exit = Exit::Differs;
      }
  return exit;
}

} // namespace

Exit inspectModel(const Options &options, const ModelSource &source,
                  const InspectOptions &inspect) {
  checkExpects(inspect.expects);
  if (options.levels.size() > 1)
    throw Failure(Exit::Usage, "mgc",
                  "inspect is for one CPU: --mcpu names more");
  LoadedModel model(options, source);
  const ModelFacts facts =
      factsOf(model, options.levels.empty() ? "native" : options.levels[0],
              options.disabledPasses);
  if (options.json)
    fmt::print("{}\n", toJson(facts).dump(2));
  else if (!options.quiet)
    for (const EntryReport &entry : facts.entries)
      printEntry(entry);
  if (!inspect.html.empty()) {
    enterStage(Stage::Writing);
    io::writeWholeFile(inspect.html, inspectPage(facts));
  }
  return check(facts, inspect);
}

} // namespace mg::driver
