#!/usr/bin/env bash
# Installs the package under each Python that there is, in an environment of its own, and runs a part of the suite there, once
# per back end that it has. What is not there is skipped with a word.
#
#     tools/test_pythons.sh WHEEL [PYTHON...]
#
# WHEEL is the one on the limited API, which every CPython with a GIL gets. For the others one is built. The Pythons are names
# or paths, by default all that the package is for.
set -euo pipefail
cd "$(dirname "$0")/.."

wheel=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- python3.11 python3.12 python3.13 python3.14 python3.14t pypy3
root=$PWD/build/pythons
tests=bindings/python/tests
# What each API does at all, what import does, and what stays behind. The whole suite is `make test-python`.
suite=${PYTHONS_SUITE:-package client pipeline pool futures lease events leaks asyncio_client asyncio_pipeline asyncio_events asyncio_resume}
files=()
for name in $suite; do
    files+=("$tests/test_$name.py")
done

# Prints what the Python says of itself, such as `cpython 3.14.0 with-gil`; fails if it does not run.
describe() {
    "$1" -c 'import platform, sys, sysconfig as s
print(sys.implementation.name, platform.python_version(), "without-gil" if s.get_config_var("Py_GIL_DISABLED") else "with-gil")' 2>/dev/null
}

# The path of a Python by its name: on the PATH, or where version managers keep theirs.
find_python() {
    local candidate
    for candidate in "$(command -v "$1" || true)" \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/"$1" \
        "${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}"/*/bin/"$1"; do
        if [ -x "$candidate" ] && describe "$candidate" >/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

report=()
failed=0
for name in "$@"; do
    if ! python=$(find_python "$name"); then
        report+=("$name: skipped, it is not on this machine")
        continue
    fi
    about=$(describe "$python")
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        report+=("$name: skipped, $about is older than 3.11")
        continue
    fi
    home=$root/$(basename "$name")
    bin=$home/venv/bin
    echo "== $name: $about"
    mkdir -p "$home"
    "$python" -m venv --clear "$home/venv"
    needed=(pytest)
    backends=(cffi)
    case $about in
        cpython*with-gil) needed+=(cffi) backends=(fast cffi) ;;
        cpython*) needed+=(cffi scikit-build-core) ;;
        *) needed+=(scikit-build-core) ;; # PyPy has cffi of its own
    esac
    "$bin/python" -m pip install --quiet \
        --constraint tools/requirements-build.txt --constraint tools/requirements-test.txt "${needed[@]}"
    mine=$wheel
    if [[ $about != cpython*with-gil ]]; then
        rm -rf "$home/wheel"
        "$bin/python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$home/wheel" bindings/python
        mine=$(echo "$home"/wheel/oxipipe-*.whl)
    fi
    "$bin/python" -m pip install --quiet --no-deps "$mine"
    for backend in "${backends[@]}"; do
        result=passed
        OXIPIPE_BACKEND=$backend "$bin/python" -m pytest -q -p no:cacheprovider "${files[@]}" || result=FAILED
        [ $result = passed ] || failed=1
        report+=("$name: $about, $backend, $(basename "$mine"): $result")
    done
done
printf '%s\n' "${report[@]}"
exit $failed
