//===- Doctor.cpp - the verb doctor ---------------------------------------===//
#include "frontend/driver/Doctor.h"

#include "frontend/driver/Link.h"
#include "frontend/jit/Program.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/Program.h"
#include "llvm/TargetParser/Host.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <sched.h>
#include <string>
#include <utility>
#include <vector>

namespace mg::driver {

namespace {

constexpr const char *variables[] = {
    "MG_THREADS", "MG_CPU_LIMIT", "MG_JIT_LEVEL", "MGC_NO_FORK", "CC", "CXX"};

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string orMissing(const std::string &text) {
  return text.empty() ? "missing" : text;
}

std::string program(const char *name) {
  auto path = llvm::sys::findProgramByName(name);
  return path ? *path : "missing";
}

int usableCpus() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/// Each level, and whether code for it runs here. A level contains those
/// before it.
Facts levels() {
  Facts facts;
  bool runs = true;
  for (const std::string &level : codegen::levelNames()) {
    facts.emplace_back(level, runs ? "yes" : "no");
    runs &= level != codegen::nativeLevel();
  }
  return facts;
}

Facts gather() {
  Facts facts = {{"minigrad", MG_VERSION},
                 {"llvm", LLVM_VERSION_STRING},
                 {"cpu", llvm::sys::getHostCPUName().str()},
                 {"native", codegen::nativeLevel()},
                 {"threads", std::to_string(usableCpus())},
                 {"cc", program("cc")},
                 {"c++", program("c++")},
                 {"libmgrt.a", orMissing(findLibrary("libmgrt.a"))},
                 {"libmgrunner.a", orMissing(findLibrary("libmgrunner.a"))}};
  llvm::append_range(facts, levels());
  for (const char *variable : variables)
    if (const char *value = std::getenv(variable))
      facts.emplace_back(variable, value);
  return facts;
}

} // namespace

Exit doctor(bool json) {
  Facts facts = gather();
  if (json) {
    nlohmann::ordered_json report;
    for (const auto &[name, value] : facts)
      report[name] = value;
    fmt::print("{}\n", report.dump(2));
    return Exit::Done;
  }
  for (const auto &[name, value] : facts)
    fmt::print("{:<14} {}\n", name, value);
  return Exit::Done;
}

} // namespace mg::driver
