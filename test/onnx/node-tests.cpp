// node-tests FOLDER..: every test of ONNX's layout in the folders, compiled and
// eager: what `mgc verify --onnx-test` says of each, as a table by operator.
//
// 1 where a result is wrong or a process died; with --page FILE also where the
// table differs from the one that the page has (--write mends it).
#include "TestRun.h"

#include "frontend/driver/Command.h"
#include "frontend/driver/OnnxTest.h"
#include "frontend/io/MappedFile.h"
#include "frontend/io/WholeFile.h"
#include "frontend/onnx/Operators.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>

using namespace mg;
using namespace mg::onnxtests;
namespace fs = std::filesystem;

namespace {

struct Settings {
  std::vector<std::string> folders;
  std::string filter, page, title = "tests";
  int jobs = 2, optLevel = 1;
  unsigned limit = 60;
  bool write = false, verbose = false, all = false;
};

struct Test {
  std::string name, folder, op = {};
  Outcome outcome = {};
};

std::vector<Test> findTests(const Settings &settings) {
  std::vector<Test> tests;
  for (const std::string &folder : settings.folders)
    for (const fs::directory_entry &entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (fs::exists(entry.path() / "model.onnx") &&
          name.find(settings.filter) != std::string::npos)
        tests.push_back({name, entry.path().string()});
    }
  std::sort(tests.begin(), tests.end(), [](const Test &a, const Test &b) {
    return std::tie(a.name, a.folder) < std::tie(b.name, b.folder);
  });
  return tests;
}

//===----------------------------------------------------------------------===//
// Which operator a test is for
//===----------------------------------------------------------------------===//

/// "MaxPool" and "test_maxpool_2d" in one spelling.
std::string plain(std::string_view name) {
  std::string letters;
  for (char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)))
      letters += static_cast<char>(std::tolower(c));
  return letters;
}

std::string titleOf(std::string_view domain, std::string_view name) {
  return domain.empty() || domain == "ai.onnx"
             ? std::string(name)
             : fmt::format("{}.{}", domain, name);
}
std::string titleOf(const onnx::Node &node) {
  return titleOf(node.domain, node.op);
}

/// The only node, or the one that the test is called after: of several the
/// longest name, of none the last.
std::string operatorIn(const std::vector<onnx::Node> &nodes,
                       const std::string &test) {
  const std::string name = plain(test).substr(plain("test_").size());
  const onnx::Node *best = nullptr;
  for (const onnx::Node &node : nodes)
    if (name.starts_with(plain(node.op)) &&
        (!best || node.op.size() > best->op.size()))
      best = &node;
  return best ? titleOf(*best) : nodes.empty() ? "" : titleOf(nodes.back());
}

/// A test of an operator's definition by others is a test of that operator.
std::string baseOf(const std::string &folder) {
  const std::size_t end = folder.find("_expanded");
  const std::string base = folder.substr(0, end);
  return end != std::string::npos && fs::exists(base + "/model.onnx") ? base
                                                                      : folder;
}

std::string operatorOf(const Test &test) {
  const std::string path = baseOf(test.folder) + "/model.onnx";
  try {
    const io::MappedFile file = io::mapFile(path);
    const onnx::Model model = onnx::readModel(file.bytes, path);
    return operatorIn(model.graph.nodes, test.name);
  } catch (const std::exception &) {
    return "";
  }
}

int runTest(const Test &test, const Settings &settings) {
  driver::Options options;
  options.model = driver::modelOfTest(test.folder);
  options.optLevel = settings.optLevel;
  options.threads = 1;
  driver::OnnxTestOptions how;
  how.folder = test.folder;
  how.eager = true;
  return driver::reportFailures(
      [&] {
        return driver::runOnnxTest(options, driver::openModel(options.model),
                                   how);
      },
      /*color=*/false);
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

constexpr const char *words[] = {"pass", "unsupported", "broken", "wrong",
                                 "crashed"};

struct Row {
  std::array<int, 5> counts{};
  /// How many that passed were compiled for the values of some inputs.
  int fixed = 0;
  /// The versions from which an entry of our tables holds.
  std::vector<int> since = {};
  /// Why the first that did not pass did not.
  std::string reason;

  int all() const { return std::accumulate(counts.begin(), counts.end(), 0); }
  int &operator[](Verdict verdict) {
    return counts[static_cast<std::size_t>(verdict)];
  }
};

/// "PATH: node 'y' (Op): error: REASON" without what differs from test to test.
std::string shortReason(const std::string &reason) {
  std::size_t begin = reason.find("not supported: ");
  if (begin != std::string::npos)
    return reason.substr(begin + std::strlen("not supported: "));
  begin = reason.find("error: ");
  return begin == std::string::npos ? reason : reason.substr(begin + 7);
}

/// What we have and what is tested.
std::map<std::string, Row> byOperator(const std::vector<Test> &tests) {
  std::map<std::string, Row> rows;
  for (const Test &test : tests) {
    Row &row = rows[test.op];
    ++row[test.outcome.verdict];
    const bool passed = test.outcome.verdict == Verdict::Pass;
    row.fixed += passed && !test.outcome.reason.empty();
    if (!passed && row.reason.empty())
      row.reason = shortReason(test.outcome.reason);
  }
  for (const onnx::Definition &definition : onnx::allOperators())
    rows[titleOf(definition.domain, definition.name)].since.push_back(
        definition.since);
  return rows;
}

std::string passed(const Row &row) {
  return row.fixed ? fmt::format("{} ({})", row.counts[0], row.fixed)
                   : std::to_string(row.counts[0]);
}

std::string table(const std::vector<Test> &tests, const Settings &settings) {
  Row all;
  const auto rows = byOperator(tests);
  for (const auto &[op, row] : rows) {
    all.fixed += row.fixed;
    for (std::size_t i = 0; i < row.counts.size(); ++i)
      all.counts[i] += row.counts[i];
  }
  std::string text = fmt::format(
      "{} {}: {} pass, {} unsupported, {} broken (their data contradicts the "
      "model), {} wrong, {} crashed.\n\n"
      "| operator | from version | tests | pass | not supported |\n"
      "|---|---|---|---|---|\n",
      all.all(), settings.title, passed(all), all.counts[1], all.counts[2],
      all.counts[3], all.counts[4]);
  for (const auto &[op, row] : rows)
    text += fmt::format("| {} | {} | {} | {} | {} |\n", op,
                        fmt::join(row.since, ", "), row.all(), passed(row),
                        row.reason);
  return text;
}

/// The page with `text` between the marks of this table.
std::string replaced(const std::string &page, const std::string &text,
                     const Settings &settings) {
  const std::string begin = fmt::format("<!-- {} -->\n", settings.title),
                    end = "<!-- end -->\n";
  const std::size_t from = page.find(begin);
  const std::size_t to =
      from == std::string::npos ? from : page.find(end, from);
  if (to == std::string::npos)
    throw std::runtime_error(settings.page + ": has no " + begin);
  return page.substr(0, from + begin.size()) + text + page.substr(to);
}

/// Whether the page says so already.
bool comparePage(const std::string &text, const Settings &settings) {
  const std::string page(io::mapFile(settings.page).bytes);
  const std::string wanted = replaced(page, text, settings);
  if (page == wanted)
    return true;
  if (settings.write)
    io::writeWholeFile(settings.page, wanted);
  else
    fmt::print("{} says otherwise: --write mends it\n", settings.page);
  return settings.write;
}

void printTest(const Test &test) {
  fmt::print("{:<11} {} ({}) {:.0f} ms: {}\n",
             words[static_cast<std::size_t>(test.outcome.verdict)], test.name,
             test.op, test.outcome.seconds * 1e3, test.outcome.reason);
}

/// Tests of some version of ONNX whose results are not those of their model,
/// which a later version mended.
struct Contradiction {
  std::string_view test, why;
};
constexpr Contradiction contradictions[] = {
    {"test_adam_multiple",
     "its model lacks the epsilon of 0.01 that its results were made with"}};

void excuse(Test &test) {
  for (const Contradiction &known : contradictions)
    if (test.name == known.test && test.outcome.verdict == Verdict::Wrong) {
      test.outcome.verdict = Verdict::Broken;
      test.outcome.reason = known.why;
    }
}

int run(const Settings &settings) {
  std::vector<Test> tests = findTests(settings);
  const std::vector<Outcome> outcomes =
      runTests(tests.size(), settings.jobs, settings.limit,
               [&](std::size_t i) { return runTest(tests[i], settings); });
  bool ok = !tests.empty();
  for (std::size_t i = 0; i < tests.size(); ++i) {
    tests[i].op = operatorOf(tests[i]);
    tests[i].outcome = outcomes[i];
    excuse(tests[i]);
    const Verdict verdict = tests[i].outcome.verdict;
    ok &= settings.all ? verdict == Verdict::Pass : verdict < Verdict::Wrong;
    if (settings.verbose || verdict >= Verdict::Broken)
      printTest(tests[i]);
  }
  const std::string text = table(tests, settings);
  fmt::print("{}", text);
  if (!settings.page.empty())
    ok &= comparePage(text, settings);
  return ok ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  Settings settings;
  CLI::App app("tests of ONNX's layout, compiled and eager");
  app.add_option("FOLDER", settings.folders)->required();
  app.add_option("--filter", settings.filter, "part of a test's name");
  app.add_option("--jobs", settings.jobs, "processes");
  app.add_option("-O", settings.optLevel, "optimization level");
  app.add_option("--limit", settings.limit, "seconds of a test");
  app.add_option("--title", settings.title, "of the table");
  app.add_option("--page", settings.page, "the page that has the table");
  app.add_flag("--write", settings.write, "write the page");
  app.add_flag("--all", settings.all, "what is unsupported fails, too");
  app.add_flag("-v", settings.verbose, "every test");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(settings);
  } catch (const std::exception &error) {
    fmt::print(stderr, "node-tests: {}\n", error.what());
    return 2;
  }
}
