//===- RunFlags.h - the options of `mgc run` and of compiled executables --===//
#ifndef MG_TOOLS_MGC_RUNFLAGS_H
#define MG_TOOLS_MGC_RUNFLAGS_H

#include "frontend/driver/RunEntry.h"

#include <CLI/CLI.hpp>

inline void addRunFlags(CLI::App &app, mg::driver::RunOptions &run) {
  app.add_option("-i,--input", run.inputs,
                 "NAME=@FILE.npy, f32[2,2]:1,2,3,4, random:SEED, zeros; or "
                 "@SET.npz")
      ->allow_extra_args(false);
  app.add_option("--output", run.outputs,
                 "NAME=@FILE.npy, or @SET.npz; else printed")
      ->allow_extra_args(false);
  app.add_option("--expect", run.expects,
                 "NAME=VALUE or @SET to compare with: exit 1 where it differs")
      ->allow_extra_args(false);
  app.add_option("--atol", run.atol, "allowed absolute error");
  app.add_option("--rtol", run.rtol, "allowed relative error");
  app.add_option("--ulp", run.ulps, "allowed error in units of last place");
  app.add_flag("--exact", run.exact, "equal bits");
}

#endif // MG_TOOLS_MGC_RUNFLAGS_H
