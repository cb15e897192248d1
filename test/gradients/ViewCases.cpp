//===- ViewCases.cpp - cases of the views ---------------------------------===//
#include "Cases.h"

void mg::test::addViewCases(Cases &cases) {
  cases.insert(
      cases.end(),
      {
          {"reshape", {{"2x3xf64"}}, "", {"3x2xf64"}},
          {"reshape", {{"6xf64"}}, "", {"1x2x3x1xf64"}},
          {"reshape", {{"0x3xf64"}}, "", {"3x0x2xf64"}},

          {"transpose", {{"2x3xf64"}}, "perm = array<i64: 1, 0>"},
          {"transpose", {{"2x3x4xf64"}}, "perm = array<i64: 2, 0, 1>"},
          {"transpose", {{"2x0x4xf64"}}, "perm = array<i64: 1, 2, 0>"},

          {"broadcast", {{"3xf64"}}, "dims = array<i64: 1>", {"2x3xf64"}},
          {"broadcast", {{"f64"}}, "dims = array<i64>", {"2x3xf64"}},
          {"broadcast",
           {{"1x3xf64"}},
           "dims = array<i64: 0, 2>",
           {"2x4x3xf64"}},
          // Dimensions may change their order.
          {"broadcast",
           {{"2x1x3xf64"}},
           "dims = array<i64: 3, 1, 0>",
           {"3x5x2x2xf64"}},
          {"broadcast", {{"1x3xf64"}}, "dims = array<i64: 0, 1>", {"0x3xf64"}},
          {"broadcast",
           {{"1x3xf64"}},
           "dims = array<i64: 1, 2>",
           {"2x1x3xf64"}},

          {"slice",
           {{"4x8xf64"}},
           "lo = array<i64: 0, 1>, hi = array<i64: 2, 8>, "
           "step = array<i64: 1, 3>"},
          {"slice",
           {{"5x6xf64"}},
           "lo = array<i64: 2, 0>, hi = array<i64: 2, 6>, "
           "step = array<i64: 1, 2>"},
          {"slice",
           {{"7xf64"}},
           "lo = array<i64: 1>, hi = array<i64: 6>, step = array<i64: 9>"},

          {"reverse", {{"4x3xf64"}}, "dims = array<i64: 0>"},
          {"reverse", {{"2x3x2xf64"}}, "dims = array<i64: 2, 1>"},

          {"unfold",
           {{"2x7xf64"}},
           "dims = array<i64: 1>, size = array<i64: 3>, "
           "stride = array<i64: 2>, dilation = array<i64: 1>"},
          {"unfold",
           {{"6x2x7xf64"}},
           "dims = array<i64: 2, 0>, size = array<i64: 2, 3>, "
           "stride = array<i64: 3, 1>, dilation = array<i64: 2, 2>"},

          {"diagonal", {{"3x4x5xf64"}}, "dim0 = 0 : i64, dim1 = 1 : i64"},
          {"diagonal", {{"4x2x3xf64"}}, "dim0 = 2 : i64, dim1 = 0 : i64"},
          {"diagonal", {{"3x3xf64"}}, "dim0 = 1 : i64, dim1 = 0 : i64"},
      });
}
