// The whole surface. From the bottom up, so that a compiler's "included from"
// chain to any header is two lines, not eight.
// clang-format off
#pragma once
#include "mg/error.h"
#include "mg/tensor.h"
#include "mg/index.h"
#include "mg/ops.h"
#include "mg/composite.h"
#include "mg/fields.h"
#include "mg/tree.h"
#include "mg/random.h"
#include "mg/function.h"
#include "mg/jit.h"
#include "mg/aot.h"
#include "mg/dlpack.h"
#include "mg/io.h"
#include "mg/tree_io.h"
