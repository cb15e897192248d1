/* The runtime must not know the compiler: check-layers has to say so. */
#include "mlir/IR/Builders.h"
