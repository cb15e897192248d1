# Compiler, linker and sanitizer settings of the whole build.
set(MG_SANITIZE "" CACHE STRING "Value of -fsanitize=, empty for none")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

find_program(LLD ld.lld-19 HINTS /usr/lib/llvm-19/bin)
if(LLD AND CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  add_link_options(-fuse-ld=lld)
endif()

if(MG_SANITIZE)
  # vptr checks need the type information of the shared LLVM, which differs.
  add_compile_options(-fsanitize=${MG_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MG_SANITIZE})
  if(MG_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize=vptr,function
                        -fno-sanitize-recover=undefined)
  endif()
endif()

add_compile_options(-Wall -Wextra -fno-math-errno -ffp-contract=off)
add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-unused-parameter>)
