//===- TimeReport.cpp - where the time of a compilation goes --------------===//
#include "codegen/Compiler.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

namespace mg::codegen {

void TimeReport::add(llvm::StringRef name, double seconds) {
  auto step =
      llvm::find_if(steps, [&](const Step &s) { return s.name == name; });
  if (step != steps.end())
    step->seconds += seconds;
  else
    steps.push_back({name.str(), seconds});
}

void TimeReport::print(llvm::raw_ostream &os) const {
  double total = 0;
  const auto line = [&](double seconds, llvm::StringRef name) {
    os << llvm::format("%10.2f ms  ", seconds * 1e3) << name << '\n';
  };
  for (const Step &step : steps) {
    line(step.seconds, step.name);
    total += step.seconds;
  }
  line(total, "total");
}

} // namespace mg::codegen
