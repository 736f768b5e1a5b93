#!/usr/bin/env bash
# Looks through what is to be published: the wheel's name is that of the oldest system that it runs on, its modules keep to the
# limited API, and nothing in it is large.
#
#     tools/check_wheel.sh BIN DIRECTORY
#
# BIN has the tools of tools/requirements-release.txt. The wheel in DIRECTORY gets its new name there.
set -euo pipefail

bin=$(realpath "$1")
cd "$2"
export PATH=$bin:$PATH # auditwheel calls patchelf

wheel=$(echo oxipipe-*.whl)
if [[ $wheel == *-linux_* ]]; then
    auditwheel repair --wheel-dir . "$wheel" >/dev/null
    rm "$wheel"
    wheel=$(echo oxipipe-*.whl)
fi
auditwheel show "$wheel"
if [[ $wheel == *-abi3-* ]]; then
    abi3audit --strict "$wheel"
fi

if python -m zipfile --list "$wheel" | grep -E '\.(pyc|c|rs|a)\b'; then
    echo "$wheel has files that are of no use to anybody" >&2
    exit 1
fi
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
python -m zipfile --extract "$wheel" "$unpacked"
find "$unpacked" -name '*.so' | while read -r object; do
    if readelf --section-headers --wide "$object" | grep -qE ' \.(symtab|debug_info) '; then
        echo "$(basename "$object") is not stripped" >&2
        exit 1
    fi
done
size=$(stat --format=%s "$wheel") whole=$(du --summarize --bytes "$unpacked" | cut -f1)
echo "$wheel: $size bytes, unpacked $whole"
if [ "$whole" -ge 3000000 ]; then
    echo "$wheel has to stay below 3 MB" >&2
    exit 1
fi
