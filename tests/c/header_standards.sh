#!/bin/sh
# header_standards.sh INCLUDE_DIRECTORY: compiles each header alone in every standard it promises, without a warning, with
# every compiler there is (at least one C and one C++ compiler); then links two files that both include it twice. An adapter
# whose event loop is not installed is passed over, but not where CI is set.
set -eu
include=$1
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
warnings="-Wall -Wextra -Wpedantic -Werror"

# The headers of event loops are not ours to judge: -isystem. uv.h wants POSIX, which strict C hides.
flags() {
    case $1 in
        adapters/libuv) echo "-D_POSIX_C_SOURCE=200809L" ;;
        adapters/glib) pkg-config --cflags glib-2.0 2>/dev/null | sed 's/-I/-isystem /g' ;;
    esac
}
headers="oxipipe base adapters/dispatch adapters/poll"
for pair in libuv=uv.h libevent=event2/event.h glib=glib.h; do
    adapter=adapters/${pair%=*}
    echo "#include <${pair#*=}>" >"$directory/there.c"
    # shellcheck disable=SC2046  # flags are several words
    if cc $(flags "$adapter") -fsyntax-only "$directory/there.c" 2>/dev/null; then
        headers="$headers $adapter"
    elif [ -n "${CI:-}" ]; then
        echo "header_standards.sh: ${pair#*=} is not installed" >&2
        exit 1
    else
        echo "passed over: $adapter, because ${pair#*=} is not installed"
    fi
done
mkdir "$directory/adapters"

for header in $headers; do
    # A file without a declaration would itself be worth a warning.
    printf '#include <oxipipe/%s.h>\nextern int declaration;\n' $header >"$directory/$header.c"
    cp "$directory/$header.c" "$directory/$header.cpp"
done

check() { # compiler, file, standards
    compiler=$1 file=$2
    shift 2
    for standard; do
        # shellcheck disable=SC2046,SC2086  # warnings and flags are several words
        "$compiler" "-std=$standard" $warnings "-I$include" $(flags "$header") -c "$file" -o "$directory/out.o"
        echo "$compiler $standard ${file#"$directory"/}"
    done
}

compilers=0
for pair in "gcc g++" "clang clang++"; do
    c=${pair% *} cpp=${pair#* }
    for header in $headers; do
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
if [ "$compilers" -lt $((2 * $(echo "$headers" | wc -w))) ]; then
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
