#!/usr/bin/env bash
# Makes sure that the programs a target needs are there, and installs those that are not.
#
#     tools/bootstrap.sh build|demo|test|docs|abi|asan ...
#
# Looks before it installs: with everything in place it takes milliseconds and touches nothing. Missing system
# packages come from apt, as root or through sudo; elsewhere it says what to install and stops. Rust is the one thing
# it never installs, because nobody wants a second toolchain by surprise.
set -euo pipefail

python=${PYTHON:-python3}
packages=()

# need PACKAGE COMMAND...: PACKAGE is wanted unless the check succeeds.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || packages+=("$package")
}

for purpose in "$@"; do
    case $purpose in
        build)
            need build-essential sh -c 'command -v cc && command -v make'
            need cmake command -v cmake
            if command -v "$python" >/dev/null; then
                # Debian splits the standard library: venv and the headers are packages of their own.
                need python3-venv "$python" -c 'import ensurepip, venv'
                need python3-dev "$python" -c 'import os, sysconfig as s
assert os.path.exists(os.path.join(s.get_paths()["include"], "Python.h"))'
            else
                packages+=(python3 python3-venv python3-dev)
            fi
            ;;
        demo)
            need redis-server sh -c 'command -v valkey-server || command -v redis-server'
            need wamerican test -s /usr/share/dict/american-english
            ;;
        test)
            need redis-server sh -c 'command -v valkey-server || command -v redis-server'
            need g++ command -v g++
            need valgrind command -v valgrind
            need pkg-config command -v pkg-config
            # The event loops that there are adapters for.
            need libuv1-dev test -e /usr/include/uv.h
            need libevent-dev test -e /usr/include/event2/event.h
            need libglib2.0-dev test -e /usr/include/glib-2.0/glib.h
            ;;
        docs)
            need doxygen command -v doxygen
            ;;
        abi)
            need abigail-tools command -v abidiff
            ;;
        asan)
            # A build of CPython that checks what it is handed.
            need python3-dbg command -v "${DEBUG_PYTHON:-python3-dbg}"
            ;;
        *)
            echo "bootstrap: unknown purpose '$purpose'" >&2
            exit 2
            ;;
    esac
done

install_packages() {
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || give_up
        as_root=(sudo)
    fi
    command -v apt-get >/dev/null || give_up
    # Debian starts a server it installs, here on port 6379 where nobody asked for one. 101 means: do not start.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap '"${as_root[@]}" rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
    fi
    echo "installing with apt: ${packages[*]}"
    # The package lists may be absent or stale; only then are they worth fetching.
    apt_install >/dev/null 2>&1 || { "${as_root[@]}" apt-get update -qq && apt_install >/dev/null; }
}

apt_install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${packages[@]}"
}

give_up() {
    echo "missing on this machine, please install (names as in Debian): ${packages[*]}" >&2
    exit 1
}

if [ ${#packages[@]} -gt 0 ]; then
    install_packages
fi

if ! command -v "${CARGO:-cargo}" >/dev/null; then
    echo "cargo is missing: install Rust 1.88 or later, for example with rustup" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$python is older than 3.11: set PYTHON=... to a newer one" >&2
    exit 1
fi
