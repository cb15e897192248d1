// The vector math of CPU levels as LLVM bitcode, in read-only data, from
// mg_math_LEVEL to mg_math_LEVEL_end.
.macro embed level, file
  .hidden mg_math_\level
  .hidden mg_math_\level\()_end
  .globl mg_math_\level
  .globl mg_math_\level\()_end
  .balign 16
mg_math_\level:
  .incbin "\file"
mg_math_\level\()_end:
  .byte 0
.endm

.section .rodata
#include "MathBitcode.inc"
.section .note.GNU-stack,"",@progbits
