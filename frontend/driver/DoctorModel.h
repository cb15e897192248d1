//===- DoctorModel.h - what of a model is not supported -------------------===//
#ifndef MG_FRONTEND_DRIVER_DOCTORMODEL_H
#define MG_FRONTEND_DRIVER_DOCTORMODEL_H

#include "frontend/driver/Options.h"
#include "frontend/driver/ReadModel.h"

namespace mg::driver {

/// Lists the operators of an ONNX model that we do not have, and where there
/// are none the first node that asks for a meaning that we do not have. A
/// module of MLIR is only read. Nothing is compiled. Exit::Unsupported, or
/// Exit::Done.
Exit doctorModel(const Options &options, const ModelSource &source);

/// Prints every operator of ONNX that we have, with the versions from which an
/// entry of the tables holds.
Exit listOperators(bool json);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_DOCTORMODEL_H
