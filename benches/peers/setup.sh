#!/bin/sh
# Prepares the other clients: system packages, one virtual environment per Python peer, and the
# C programs. All of it lands in .bench/ (ignored by git) and is rebuilt only when it changed.
#
# Only the server, its own benchmark and Python are indispensable. A peer that cannot be installed
# is reported here and its rows are left out: the others are still worth comparing.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
peers=$root/benches/peers
bench=$root/.bench
mkdir -p "$bench/bin" "$bench/venvs"

say() { printf 'bench setup: %s\n' "$*" >&2; }

# --- system packages -----------------------------------------------------------------------------
missing=
command -v redis-server >/dev/null || missing="$missing redis-server"
command -v redis-benchmark >/dev/null || missing="$missing redis-tools"
command -v python3 >/dev/null || missing="$missing python3 python3-venv"
command -v cc >/dev/null || missing="$missing gcc libc6-dev"
[ -e /usr/include/hiredis/hiredis.h ] || [ -e /usr/local/include/hiredis/hiredis.h ] ||
    missing="$missing libhiredis-dev"
if [ -n "$missing" ]; then
    as_root=
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    say "installing$missing"
    # shellcheck disable=SC2086  # a list of words on purpose
    if ! command -v apt-get >/dev/null ||
        ! { $as_root apt-get update -qq &&
            DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq \
                --no-install-recommends $missing; } >"$bench/apt.log" 2>&1; then
        say "could not install:$missing (log: .bench/apt.log). Install them by hand."
    fi
fi
for needed in redis-server redis-benchmark python3; do
    if ! command -v $needed >/dev/null; then
        say "$needed is missing: nothing can be measured without it"
        exit 3
    fi
done

# --- Python peers --------------------------------------------------------------------------------
# The interpreter of our own environment, so that all clients run on the same Python.
python=python3
[ -x "$root/.venv/bin/python" ] &&
    python=$("$root/.venv/bin/python" -c 'import sys; print(sys._base_executable)')

for list in "$peers"/*.txt; do
    name=$(basename "$list" .txt)
    venv=$bench/venvs/$name
    stamp=$("$python" -c 'import sys; print(sys.version)' | cat - "$list" | cksum)
    [ -x "$venv/bin/python" ] && [ "$(cat "$venv/stamp" 2>/dev/null)" = "$stamp" ] && continue
    say "environment for $name"
    rm -rf "$venv"
    if "$python" -m venv "$venv" >"$bench/$name.log" 2>&1 &&
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$list" \
            >>"$bench/$name.log" 2>&1; then
        echo "$stamp" >"$venv/stamp"
    else
        say "no $name: installation failed (log: .bench/$name.log); its rows are left out"
        rm -rf "$venv"
    fi
done

# --- C programs ----------------------------------------------------------------------------------
cc=${CC:-cc}
flags="-O2 -std=c11 -Wall -Wextra -D_GNU_SOURCE -pthread"
ours="-I$root/include -L$root/target/release -Wl,-rpath,$root/target/release -loxipipe"

compile() { # source, program, what it links with
    rm -f "$bench/bin/$2"
    # shellcheck disable=SC2086  # flags are lists of words
    $cc $flags "$root/benches/c/$1.c" $3 -o "$bench/bin/$2" 2>"$bench/$2.log" ||
        say "no $2 (C): it did not compile (log: .bench/$2.log)"
}

compile hiredis_pipeline hiredis -lhiredis
compile hiredis_threads hiredis_threads -lhiredis
compile hiredis_submit hiredis_submit -lhiredis
if [ -e "$root/target/release/liboxipipe.so" ]; then
    compile oxipipe_pipeline oxipipe "$ours"
    compile oxipipe_threads oxipipe_threads "$ours"
    compile oxipipe_pool oxipipe_pool "$ours"
    compile oxipipe_submit oxipipe_submit "$ours"
else
    rm -f "$bench"/bin/oxipipe*
    say "oxipipe is not built (run 'make build'): measuring the other clients only"
fi
