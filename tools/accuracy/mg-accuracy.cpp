//===- mg-accuracy.cpp - how far the math library is from the truth -------===//
//
// Prints the tables of docs/accuracy.md.
//
//===----------------------------------------------------------------------===//
#include "tools/accuracy/Measure.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace mg::accuracy;

namespace {

struct Options {
  std::vector<std::string> names, levelNames;
  uint64_t step = 1, samples = 1'000'000, threads = 0;
  bool json = false, check = false;
};

/// One line: a function, a type, a level.
struct Row {
  std::string function, type, level;
  double promised;
  Errors errors;

  bool isGood() const {
    return errors.wrongSpecials == 0 && errors.worst <= promised;
  }
  bool isBinary() const { return operands == 2; }
  int operands;
};

std::string at(const Row &row, double x, double y) {
  return row.isBinary() ? fmt::format("{:a}, {:a}", x, y)
                        : fmt::format("{:a}", x);
}

std::string specials(const Row &row) {
  const Errors &e = row.errors;
  return e.wrongSpecials == 0
             ? "right"
             : fmt::format("{} wrong, as at {}", e.wrongSpecials,
                           at(row, e.wrongX, e.wrongY));
}

void printTable(const std::vector<Row> &rows) {
  fmt::print("| function | type | level | promised | worst, ULP | at | mean | "
             "values | specials |\n|---|---|---|---|---|---|---|---|---|\n");
  for (const Row &row : rows) {
    const Errors &e = row.errors;
    fmt::print("| {} | {} | {} | {} | {:.3f} | {} | {:.3f} | {} | {} |\n",
               row.function, row.type, row.level, row.promised, e.worst,
               at(row, e.x, e.y), e.count ? e.sum / double(e.count) : 0.0,
               e.count, specials(row));
  }
}

void printJson(const std::vector<Row> &rows) {
  nlohmann::json all = nlohmann::json::array();
  for (const Row &row : rows) {
    const Errors &e = row.errors;
    all.push_back({{"function", row.function},
                   {"type", row.type},
                   {"level", row.level},
                   {"promised", row.promised},
                   {"worst", e.worst},
                   {"at", at(row, e.x, e.y)},
                   {"mean", e.count ? e.sum / double(e.count) : 0.0},
                   {"values", e.count},
                   {"wrong_specials", e.wrongSpecials}});
  }
  fmt::print("{}\n", all.dump(1));
}

/// Levels with the same results share a row.
void addRows(std::vector<Row> &rows, const Function &function, const char *type,
             double promised, const std::vector<Level> &levels,
             const std::vector<Errors> &errors) {
  for (size_t i = 0; i < levels.size(); ++i)
    if (i && errors[i] == errors[i - 1])
      rows.back().level += ", " + levels[i].name;
    else
      rows.push_back({std::string(function.name), type, levels[i].name,
                      promised, errors[i], function.operands});
}

template <class T, class Name>
std::vector<T> chosen(const std::vector<T> &all,
                      const std::vector<std::string> &names, Name nameOf) {
  if (names.empty())
    return all;
  std::vector<T> result;
  for (const std::string &name : names) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const T &item) {
      return nameOf(item) == name;
    });
    if (found == all.end())
      throw std::invalid_argument("nothing here is named '" + name + "'");
    result.push_back(*found);
  }
  return result;
}

int measure(const Options &options) {
  const auto some = chosen(functions(), options.names,
                           [](const Function &f) { return f.name; });
  const auto where = chosen(levels(), options.levelNames,
                            [](const Level &level) { return level.name; });
  mg_pool *pool = mg_pool_create(options.threads);
  std::vector<Row> rows;
  for (const Function &f : some) {
    addRows(rows, f, "f32", f.promisedF32, where,
            measureF32(f, where, options.step, pool));
    if (options.samples)
      addRows(rows, f, "f64", f.promisedF64, where,
              measureF64(f, where, options.samples, pool));
  }
  mg_pool_destroy(pool);
  options.json ? printJson(rows) : printTable(rows);
  return options.check && !std::all_of(rows.begin(), rows.end(),
                                       [](auto &row) { return row.isGood(); });
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("How far the math library is from the truth: every float, at "
               "every CPU level");
  Options options;
  app.add_option("--op", options.names, "Functions (all of them)");
  app.add_option("--level", options.levelNames,
                 "CPU levels (all that this CPU has)");
  app.add_option("--step", options.step, "One float of how many (1)")
      ->check(CLI::Range(uint64_t(1), uint64_t(1) << 32));
  app.add_option("--samples", options.samples,
                 "Random f64 operands (1000000); 0: f32 only");
  app.add_option("--threads", options.threads, "Threads (one per CPU)");
  app.add_flag("--json", options.json, "JSON instead of a Markdown table");
  app.add_flag("--check", options.check,
               "Exit with 1 if an error is larger than promised");
  try {
    app.parse(argc, argv);
    return measure(options);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) ? 2 : 0;
  } catch (const std::exception &error) {
    fmt::print(stderr, "mg-accuracy: {}\n", error.what());
    return 2;
  }
}
