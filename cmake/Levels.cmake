# The CPU levels: one table, used three ways. The runtime's kernels are
# compiled once per level, their math once more to bitcode, and codegen/ gives
# generated functions the same features (always_inline ignores a mismatch, so
# the two lists must be one).
#
#   MG_LEVELS              suffixes, weakest first
#   MG_CROSS_LEVELS        those of other architectures: code is generated for
#                          them and never run here
#   MG_LEVEL_<s>_ARCH      the architecture
#   MG_LEVEL_<s>_NAME      what the user calls it (--mcpu)
#   MG_LEVEL_<s>_LANES     f32 lanes of its native vector
#   MG_LEVEL_<s>_REGISTERS how many vectors it holds
#   MG_LEVEL_<s>_FLAGS     compiler flags
#   MG_LEVEL_<s>_CPU, _TUNE, _FEATURES   LLVM's target-cpu, tune-cpu and
#                          target-features beyond the CPU's
#   MG_LEVEL_<s>_KERNELS   the level whose kernels and math it shares: itself,
#                          or a lesser one where its extensions make them no
#                          faster
set(MG_LEVELS v2 v3 v4 icelake znver4)

set(MG_LEVEL_v2_NAME x86-64-v2)
set(MG_LEVEL_v2_LANES 4)
set(MG_LEVEL_v2_REGISTERS 16)
set(MG_LEVEL_v2_CPU x86-64-v2)
set(MG_LEVEL_v2_TUNE generic)
set(MG_LEVEL_v2_EXTENSIONS)

set(MG_LEVEL_v3_NAME x86-64-v3)
set(MG_LEVEL_v3_LANES 8)
set(MG_LEVEL_v3_REGISTERS 16)
set(MG_LEVEL_v3_CPU x86-64-v3)
set(MG_LEVEL_v3_TUNE generic)
set(MG_LEVEL_v3_EXTENSIONS)

set(MG_LEVEL_v4_NAME x86-64-v4)
set(MG_LEVEL_v4_LANES 16)
set(MG_LEVEL_v4_REGISTERS 32)
set(MG_LEVEL_v4_CPU x86-64-v4)
set(MG_LEVEL_v4_TUNE generic)
set(MG_LEVEL_v4_EXTENSIONS)

# The AVX-512 of Intel's servers from Ice Lake on, which has products of bytes
# and not yet bf16: what Zen 4 adds beyond that is not here.
set(MG_LEVEL_icelake_NAME icelake-server)
set(MG_LEVEL_icelake_LANES 16)
set(MG_LEVEL_icelake_REGISTERS 32)
set(MG_LEVEL_icelake_CPU x86-64-v4)
set(MG_LEVEL_icelake_TUNE generic)
set(MG_LEVEL_icelake_EXTENSIONS
    avx512ifma avx512vbmi avx512vbmi2 avx512vnni avx512bitalg avx512vpopcntdq
    gfni vaes vpclmulqdq aes pclmul)
set(MG_LEVEL_icelake_KERNELS v4)

# What we use of Zen 4, not the whole CPU: an Intel server with the same
# AVX-512 extensions runs this level too.
set(MG_LEVEL_znver4_NAME znver4)
set(MG_LEVEL_znver4_LANES 16)
set(MG_LEVEL_znver4_REGISTERS 32)
set(MG_LEVEL_znver4_CPU x86-64-v4)
set(MG_LEVEL_znver4_TUNE znver4)
set(MG_LEVEL_znver4_EXTENSIONS
    avx512ifma avx512vbmi avx512vbmi2 avx512vnni avx512bitalg avx512vpopcntdq
    avx512bf16 gfni vaes vpclmulqdq aes pclmul)

foreach(level ${MG_LEVELS})
  set(MG_LEVEL_${level}_ARCH x86_64)
  if(NOT DEFINED MG_LEVEL_${level}_KERNELS)
    set(MG_LEVEL_${level}_KERNELS ${level})
  endif()
  set(flags -march=${MG_LEVEL_${level}_CPU})
  if(NOT MG_LEVEL_${level}_TUNE MATCHES "^x86-64") # LLVM knows it, clang not
    list(APPEND flags -mtune=${MG_LEVEL_${level}_TUNE})
  endif()
  set(features)
  foreach(extension ${MG_LEVEL_${level}_EXTENSIONS})
    list(APPEND flags -m${extension})
    list(APPEND features +${extension})
  endforeach()
  if(MG_LEVEL_${level}_LANES EQUAL 16)
    list(APPEND flags -mprefer-vector-width=512)
  endif()
  set(MG_LEVEL_${level}_FLAGS ${flags})
  list(JOIN features "," MG_LEVEL_${level}_FEATURES)
endforeach()

# NEON is part of the architecture: one level. Its math and its runtime need
# the headers of a C library for it.
set(MG_CROSS_LEVELS)
set(MG_LEVEL_aarch64_NAME aarch64)
set(MG_LEVEL_aarch64_ARCH aarch64)
set(MG_LEVEL_aarch64_LANES 4)
set(MG_LEVEL_aarch64_REGISTERS 32)
set(MG_LEVEL_aarch64_CPU generic)
set(MG_LEVEL_aarch64_TUNE generic)
set(MG_LEVEL_aarch64_FEATURES +neon)
set(MG_LEVEL_aarch64_KERNELS aarch64)
set(MG_LEVEL_aarch64_FLAGS --target=aarch64-linux-gnu)
find_path(MG_AARCH64_HEADERS stdlib.h PATHS /usr/aarch64-linux-gnu/include
          NO_DEFAULT_PATH)
if(MG_AARCH64_HEADERS AND CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  list(APPEND MG_CROSS_LEVELS aarch64)
else()
  message(STATUS "The CPU level aarch64 is left out: it needs clang and "
                 "Debian's libstdc++-12-dev-arm64-cross")
endif()

# Those with kernels and math of their own.
set(MG_KERNEL_LEVELS)
foreach(level ${MG_LEVELS} ${MG_CROSS_LEVELS})
  list(APPEND MG_KERNEL_LEVELS ${MG_LEVEL_${level}_KERNELS})
endforeach()
list(REMOVE_DUPLICATES MG_KERNEL_LEVELS)

# Highway compiled for exactly one target, as the level's flags say, without
# its run-time dispatch (we dispatch by our own table, see runtime/cpu.c).
set(MG_KERNEL_FLAGS
    -std=c++20 -O2 -fPIC -fno-exceptions -fno-rtti -fno-math-errno
    -ffp-contract=off -fvisibility=hidden -fno-threadsafe-statics
    -Wno-unused-function
    -DHWY_COMPILE_ONLY_STATIC -DHWY_DISABLE_PCLMUL_AES -DHWY_DISABLE_F16C
    -DHWY_IS_DEBUG_BUILD=0)
