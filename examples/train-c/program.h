// What both the object and the program for comparison are made of.
#pragma once
#include "../train-digits/models.h"

/// Random weights of a number that is known when it runs, and Adam's zeros.
inline std::pair<Mlp, Adam::State<Mlp>> begin(mg::Tensor seed) {
  Mlp model = Mlp::init(mg::Key(0).fold(seed));
  return {model, Adam{}.init(model)};
}
