#!/usr/bin/env python3
"""Generates the C source of the Python module `oxipipe._core._ffi` from include/oxipipe/oxipipe.h.

    tools/gen_cffi.py           writes _ffi.cdef.txt and _ffi.c in bindings/python/ffi
    tools/gen_cffi.py --check   writes nothing; exit status 1 if one of them is stale

`_ffi.cdef.txt` is the header without what cffi does not parse, for people to read; `_ffi.c` is what cffi makes of
it. Both are committed, so that building the package does not need cffi. `--check` compares the C file
only if the installed cffi is the version that wrote it.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = ROOT / "include/oxipipe/oxipipe.h"
DIRECTORY = ROOT / "bindings/python/ffi"
CDEF = DIRECTORY / "_ffi.cdef.txt"
SOURCE = DIRECTORY / "_ffi.c"

# Functions in Python that the library calls back; _core/cffi defines them.
CALLBACKS = """
extern "Python" {
    int32_t oxp_py_interrupt(void *user_data);
    int32_t oxp_py_part(void *user_data, const oxp_node *nodes, size_t count, const uint8_t *bytes);
}
int32_t oxp_py_gated_interrupt(void *user_data);
int32_t oxp_py_gated_part(void *user_data, const oxp_node *nodes, size_t count, const uint8_t *bytes);
void oxp_py_stand_down(void);
"""

# What is made for the back end and freed with an object of its own: see _core/cffi/handle.py.
OWNED = ("client", "async", "pool", "pipeline", "options", "completions", "reply", "server")
CALLBACKS += "".join(f"void oxp_py_release_{kind}(oxp_{kind} **at);\n" for kind in OWNED)
RELEASES = "".join(
    f"""
static void oxp_py_release_{kind}(oxp_{kind} **at)
{{
    oxp_{kind} *thing = *at;
    *at = NULL;
    oxp_{kind}_free(thing);
}}
"""
    for kind in OWNED
)

# What the library is given in their place.
GATE = """
#include <oxipipe/oxipipe.h>

#include <pthread.h>

#include "exit_gate.h"

static int32_t oxp_py_interrupt(void *);
static int32_t oxp_py_part(void *, const oxp_node *, size_t, const uint8_t *);

static int32_t oxp_py_gated_interrupt(void *user_data)
{
    enter_python();
    int32_t stop = oxp_py_interrupt(user_data);
    leave_python();
    return stop;
}

static int32_t oxp_py_gated_part(void *user_data, const oxp_node *nodes, size_t count, const uint8_t *bytes)
{
    enter_python();
    int32_t stop = oxp_py_part(user_data, nodes, count, bytes);
    leave_python();
    return stop;
}

__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, forget_other_threads);
}

static void oxp_py_stand_down(void)
{
    close_gate();
}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only report stale files")
    options = parser.parse_args()
    text = cdef(HEADER.read_text())
    if options.check:
        stale = [path for path in (CDEF, SOURCE) if not path.exists()]
        if not stale and CDEF.read_text() != text:
            stale.append(CDEF)
        if not stale:
            committed, fresh = SOURCE.read_text(), c_source(text)
            if writer(committed) != writer(fresh):
                print(
                    "_ffi.c was written by another version of cffi: not compared", file=sys.stderr
                )
            elif committed != fresh:
                stale.append(SOURCE)
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run tools/gen_cffi.py", file=sys.stderr)
        return 1 if stale else 0
    CDEF.write_text(text)
    SOURCE.write_text(c_source(text))
    return 0


def cdef(header: str) -> str:
    """The declarations alone: no comments, no preprocessor but for the numbers, no attributes."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", header, flags=re.DOTALL)
    text = re.sub(r'extern "C" \{|^\}[ \t]*$', "", text, flags=re.MULTILINE)
    # cffi asks the compiler for the value of a "..." constant, and so cannot disagree with the header.
    text = re.sub(
        r"^#define (OXP_\w+) +\(?-?\d+(?:ull)?\)?[ \t]*$",
        r"@define \1 ...",
        text,
        flags=re.MULTILINE,
    )
    text = re.sub(r"^#.*$", "", text, flags=re.MULTILINE).replace("@define", "#define")
    text = re.sub(r"\b(OXP_API|OXP_NODISCARD)\b", "", text)
    text = re.sub(r"[ \t]+", " ", re.sub(r"\s*\n\s*(?=[^\n#])", "\n", text))
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line) + "\n" + CALLBACKS


def c_source(text: str) -> str:
    try:
        import cffi
    except ImportError:
        raise SystemExit("tools/gen_cffi.py needs cffi: pip install cffi") from None
    builder = cffi.FFI()
    builder.cdef(text)
    builder.set_source("oxipipe._core._ffi", GATE + RELEASES, py_limited_api=True)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "_ffi.c"
        with contextlib.redirect_stdout(None):  # it announces itself
            builder.emit_c_code(str(path))
        generated = path.read_text()
    notice = f"/* Generated by tools/gen_cffi.py with cffi {cffi.__version__}. Do not edit. */\n"
    return notice + generated


def writer(source: str) -> str:
    return source.partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
