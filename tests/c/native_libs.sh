#!/bin/sh
# native_libs.sh CARGO TARGET_DIRECTORY "foo bar ...": the system libraries that the package files name for the static
# library must be those that rustc says it needs.
set -eu
needed=$(CARGO_TARGET_DIR=$2 "$1" rustc --locked --lib --crate-type staticlib -- --print native-static-libs 2>&1 |
    sed -n 's/^note: native-static-libs: //p' | sed 's/-l//g')
echo "needed: $needed"
echo "named:  $3"
[ -n "$needed" ] && [ "$needed" = "$3" ]
