//===- SourceCases.cpp - cases of ops that read no tensor -----------------===//
#include "Cases.h"

/// A key per element of the batch: independent bits.
void mg::test::addSourceCases(Cases &cases) {
  cases.push_back({"rng_bits", {{"2xui64", 0, 1000}}, "", {"4x3xui32"}});
  cases.push_back({"rng_bits", {{"4xui32", 0, 1000}}, "", {"5xui64"}});
}
