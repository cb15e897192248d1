#!/bin/sh
# link.sh CC LINK.C INCLUDE LIBMGRT: all of the library links into a C program
# without the C++ library, shows no name that is not its own and has no
# constructor.
cc=$1 source=$2 include=$3 library=$4
folder=$(mktemp -d) || exit 1
trap 'rm -r "$folder"' EXIT
fail() { echo "link.sh: $1"; exit 1; }

"$cc" -Wall -Wextra -Werror -std=c99 -pedantic -I"$include" "$source" \
  -Wl,--whole-archive "$library" -Wl,--no-whole-archive \
  -lpthreadpool -lpthread -lm -o "$folder/program" || fail "does not link"
"$folder/program" || fail "the program failed: $?"
ldd "$folder/program" | grep 'stdc++\|libc++' && fail "needs the C++ library"
nm -g --defined-only "$library" | grep ' [A-TX-Z] ' | grep -v ' mg_\| _ZN.*2mg' &&
  fail "shows names that are not its own"
readelf -SW "$library" | grep 'init_array\|ctors' && fail "has a constructor"
exit 0
