#!/bin/sh
# Generates include/oxipipe/oxipipe.h from src/ffi; with --check, only says whether it is up to date.
# Exit status: 0 done or up to date, 1 out of date or failed.
set -eu
cd "$(dirname "$0")/.."

# Another version may lay out the same header differently: change it in a commit of its own.
version=0.29.4

find_cbindgen() {
    for candidate in target/tools/bin/cbindgen "$(command -v cbindgen || true)"; do
        if [ -x "$candidate" ] && [ "$("$candidate" --version)" = "cbindgen $version" ]; then
            echo "$candidate"
            return
        fi
    done
    cargo install --quiet --locked --root target/tools --version "$version" cbindgen >&2
    echo target/tools/bin/cbindgen
}

cbindgen=$(find_cbindgen)
case "${1-}" in
    "") "$cbindgen" --quiet --config cbindgen.toml --output include/oxipipe/oxipipe.h src/ffi/mod.rs ;;
    --check)
        "$cbindgen" --quiet --config cbindgen.toml --output include/oxipipe/oxipipe.h --verify src/ffi/mod.rs || {
            echo "include/oxipipe/oxipipe.h is out of date: run tools/gen_header.sh" >&2
            exit 1
        } ;;
    *)
        echo "usage: $0 [--check]" >&2
        exit 1 ;;
esac
