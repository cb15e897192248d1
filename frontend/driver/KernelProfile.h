//===- KernelProfile.h - where the time of a call goes --------------------===//
#ifndef MG_FRONTEND_DRIVER_KERNELPROFILE_H
#define MG_FRONTEND_DRIVER_KERNELPROFILE_H

#include "frontend/driver/MachineProbe.h"
#include "frontend/driver/ModelFacts.h"

#include <cstdio>
#include <functional>

namespace mg::driver {

/// Of one kernel: seconds per call of the entry, the median of all calls, and
/// how often it ran in one.
struct KernelTime {
  double seconds = 0;
  std::int64_t runs = 0;
};

/// Calls an entry that was compiled for it (codegen's Options::profile), once
/// to warm up and `rounds` times. In the order of the entry's kernels. With
/// `--trace` the last call's kernels are in the trace.
std::vector<KernelTime> profileKernels(const EntryReport &entry, int rounds,
                                       const std::function<void()> &call);

/// A table. The bound of a kernel is what the machine does now, with what it
/// computes and with as many bytes.
void printProfile(const EntryReport &entry,
                  const std::vector<KernelTime> &times, MachineProbe &probe,
                  std::FILE *file);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_KERNELPROFILE_H
