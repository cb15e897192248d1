//===- MgOps.td - all ops of the dialect -------------------*- tablegen -*-===//
#ifndef MG_OPS
#define MG_OPS

include "MgSource.td"
include "MgElementwise.td"
include "MgViews.td"
include "MgIndexing.td"
include "MgReductions.td"
include "MgContractions.td"
include "MgCalls.td"

#endif // MG_OPS
