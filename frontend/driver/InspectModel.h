//===- InspectModel.h - the verb inspect ----------------------------------===//
#ifndef MG_FRONTEND_DRIVER_INSPECTMODEL_H
#define MG_FRONTEND_DRIVER_INSPECTMODEL_H

#include "frontend/driver/ModelFacts.h"

namespace mg::driver {

struct InspectOptions {
  /// A page with the graph and the arena; empty: none.
  std::string html;
  /// one_kernel, no_copy, vector, kernels<=N: what must hold of every entry.
  std::vector<std::string> expects;
};

/// Prints what the compiler makes of the model; Exit::Differs where it is not
/// as expected.
Exit inspectModel(const Options &options, const ModelSource &source,
                  const InspectOptions &inspect);

/// One self-contained page: the kernels as a graph, the arena over time, tables
/// (InspectPage.cpp).
std::string inspectPage(const ModelFacts &facts);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_INSPECTMODEL_H
