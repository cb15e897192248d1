//===- Doctor.h - the verb doctor -----------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_DOCTOR_H
#define MG_FRONTEND_DRIVER_DOCTOR_H

#include "frontend/driver/Failure.h"

namespace mg::driver {

/// Prints what this machine and installation are: CPU, levels, threads,
/// versions, tools, the environment in force.
Exit doctor(bool json);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_DOCTOR_H
