#!/usr/bin/env bash
# Runs the Python suite of the accelerator under AddressSanitizer and UndefinedBehaviorSanitizer, in a debug build of CPython
# where there is one.
#
#     tools/asan_python.sh [PYTEST-ARGUMENT...]
#
# DEBUG_PYTHON names the Python; by default python3-dbg, and without it $PYTHON, which says so. Only the accelerator is
# instrumented. Memory that Python or the library frees is watched all the same: PYTHONMALLOC=malloc hands each object to the
# sanitizer's allocator.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD/build/asan-python
bin=$root/venv/bin
python=${DEBUG_PYTHON:-python3-dbg}
if ! command -v "$python" >/dev/null; then
    echo "asan-python: there is no $python; ${PYTHON:-python3} checks less of what it is handed" >&2
    python=${PYTHON:-python3}
fi
# Left out: what is in the package, which is another build, and the bound on resident memory, of which the sanitizer keeps much
# that was freed. What stays behind is counted in test_leaks.py.
[ $# -gt 0 ] || set -- bindings/python/tests --ignore=bindings/python/tests/test_package.py \
    --deselect=tests/test_pool.py::test_dropped_futures_do_not_accumulate

mkdir -p "$root"
[ -e "$root/.installed" ] || {
    "$python" -m venv --clear "$root/venv"
    "$bin/python" -m pip install --quiet \
        --constraint tools/requirements-build.txt --constraint tools/requirements-test.txt cffi scikit-build-core pytest
    touch "$root/.installed"
}
"$bin/python" -m pip install --quiet --no-build-isolation --no-deps --force-reinstall \
    --config-settings=cmake.define.OXIPIPE_SANITIZE=address,undefined --config-settings=install.strip=false \
    --config-settings=build-dir="$root/cmake" \
    ./bindings/python
# Compiled with the headers of another build, it works, and neither it nor test_leaks.py counts references.
if "$bin/python" -c 'import sys; sys.exit(not hasattr(sys, "gettotalrefcount"))' &&
    ! grep -q _Py_IncRef "$root"/venv/lib/python*/site-packages/oxipipe/_core/_fast.*; then
    echo "asan-python: the accelerator was not compiled as for a debug build" >&2
    exit 1
fi

# Loaded first, as the sanitizer wants it. Leaks are not looked for, because an interpreter keeps much until its end: see
# tests/test_leaks.py. The frames of a report begin in the accelerator.
runtimes=$(cc -print-file-name=libasan.so):$(cc -print-file-name=libubsan.so)
"$bin/python" -VV
# A debug build shows warnings that others hide; programs that tests start expect to print nothing.
export PYTHONMALLOC=malloc OXIPIPE_BACKEND=fast PYTHONWARNINGS=ignore::ResourceWarning
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0:exitcode=66:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
LD_PRELOAD=$runtimes "$bin/python" -m pytest -q -p no:cacheprovider -p no:faulthandler "$@"
