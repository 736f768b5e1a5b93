#!/usr/bin/env bash
# Installs the source distribution in an environment of its own, from an unpacked copy far from this checkout, and uses it.
#
#     tools/check_sdist.sh SDIST
set -euo pipefail

sdist=$(realpath "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch/venv"
python=$scratch/venv/bin/python
"$python" -m pip install --quiet --constraint "$root/tools/requirements-build.txt" cffi scikit-build-core
# Into a directory of its own: all files of a source distribution are equally old, and cargo would take what another one left for
# up to date.
CARGO_TARGET_DIR=$scratch/target "$python" -m pip install --quiet --no-build-isolation --no-deps "$sdist"
cd "$scratch"
for backend in fast cffi; do
    OXIPIPE_BACKEND=$backend "$python" - <<'EOF'
import oxipipe, oxipipe._backend

with oxipipe.Server() as server, server.connect() as r, r.pipeline() as p:
    assert p.set("k", "v").get("k").execute() == [True, b"v"]
print("installed from the source distribution:", oxipipe.__version__, oxipipe._backend.name)
EOF
done
