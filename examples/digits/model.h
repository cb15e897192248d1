// The network of the example: 64 pixels -> 128 -> 10 logits.
#pragma once
#include <mg/mg.h>

struct Linear {
  mg::Tensor weight, bias;
  mg::Tensor operator()(mg::Tensor x) const { return matmul(x, weight) + bias; }
};

struct Mlp {
  Linear fc1, fc2;
  mg::Tensor operator()(mg::Tensor x) const { return fc2(relu(fc1(x))); }
};
