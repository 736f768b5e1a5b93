#!/bin/sh
# header_standards.sh INCLUDE_DIRECTORY: compiles each header alone in every standard it promises, without a warning, with
# every compiler there is (at least one C and one C++ compiler); then links two files that both include it twice.
set -eu
include=$1
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
warnings="-Wall -Wextra -Wpedantic -Werror"

for header in oxipipe base; do
    # A file without a declaration would itself be worth a warning.
    printf '#include <oxipipe/%s.h>\nextern int declaration;\n' $header >"$directory/$header.c"
    cp "$directory/$header.c" "$directory/$header.cpp"
done

check() { # compiler, file, standards
    compiler=$1 file=$2
    shift 2
    for standard; do
        # shellcheck disable=SC2086  # warnings are several words
        "$compiler" "-std=$standard" $warnings "-I$include" -c "$file" -o "$directory/out.o"
        echo "$compiler $standard ${file##*/}"
    done
}

compilers=0
for pair in "gcc g++" "clang clang++"; do
    c=${pair% *} cpp=${pair#* }
    for header in oxipipe base; do
        if command -v "$c" >/dev/null; then
            check "$c" "$directory/$header.c" c99 c11 c17 c2x
            compilers=$((compilers + 1))
        fi
        if command -v "$cpp" >/dev/null; then
            check "$cpp" "$directory/$header.cpp" c++11 c++14 c++17 c++20
            compilers=$((compilers + 1))
        fi
    done
done
if [ "$compilers" -lt 4 ]; then
    echo "header_standards.sh: found no C compiler or no C++ compiler" >&2
    exit 1
fi

for part in one two; do
    printf '#include <oxipipe/oxipipe.h>\n#include <oxipipe/oxipipe.h>\nint %s(void);\nint %s(void) { return OXP_OK; }\n' \
        $part $part >"$directory/$part.c"
done
echo 'int one(void); int two(void); int main(void) { return one() + two(); }' >"$directory/main.c"
# shellcheck disable=SC2086
cc -std=c99 $warnings "-I$include" "$directory/one.c" "$directory/two.c" "$directory/main.c" -o "$directory/both"
"$directory/both"
