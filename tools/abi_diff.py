#!/usr/bin/env python3
"""What changed in the C ABI since another commit, as libabigail's abidiff sees it.

    tools/abi_diff.py [BASE]      BASE: the last commit shared with main, or HEAD~1 on main itself

Ends with status 1 if a program that was linked with BASE might not run with the library of the working tree, although both
have the same ABI name. Functions that were added are no such change.

What is compared are two probes: C libraries made from nothing but the headers, with one typed pointer for each function. The
libraries themselves say less, and take two builds with full debugging information to say it: rustc's DWARF has no const, and
knows types by their private Rust paths. That they export what the headers declare is the matter of tests/exports.rs. Numbers
are macros, which no debugging information has: tests/abi/layout.c holds them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    base = sys.argv[1] if len(sys.argv) > 1 else default_base()
    with tempfile.TemporaryDirectory() as directory:
        before, after = Path(directory, "before"), Path(directory, "after")
        before.mkdir()
        archive = subprocess.run(
            ["git", "archive", base, "include", "Cargo.toml"],
            check=True,
            capture_output=True,
            cwd=ROOT,
        )
        subprocess.run(["tar", "-x", "-C", before], check=True, input=archive.stdout)
        after.symlink_to(ROOT)
        probes = [
            (probe(tree, Path(directory, f"{tree.name}.so")), tree / "include")
            for tree in (before, after)
        ]
        # What there is to see, then the verdict, in which what was added does not count.
        abidiff(probes)
        changed = abidiff(probes, "--no-added-syms", quiet=True)
        names = abi_name(before), abi_name(after)
    if not changed:
        print(f"Programs linked with {base} go on working.")
        return 0
    if names[0] != names[1]:
        print(f"Incompatible with {base}, and named so: {names[0]} has become {names[1]}.")
        return 0
    print(f"Incompatible with {base}, but still {names[1]}.", file=sys.stderr)
    return 1


def default_base() -> str:
    head, base = (git("rev-parse", "HEAD"), git("merge-base", "HEAD", "main"))
    return git("rev-parse", "HEAD~1") if head == base else base


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout.strip()


def probe(tree: Path, library: Path) -> Path:
    header = (tree / "include/oxipipe/oxipipe.h").read_text()
    functions = re.findall(r"^OXP_API[^;]*?\b(oxp_\w+)\(", header, flags=re.MULTILINE)
    assert functions
    pointers = [
        f"extern __typeof__({name}) *const {name}_;\n__typeof__({name}) *const {name}_ = 0;\n"
        for name in functions
    ]
    source = library.with_suffix(".c")
    source.write_text("#include <oxipipe/oxipipe.h>\n" + "".join(pointers))
    compiler = os.environ.get("CC", "cc")
    command = [compiler, "-g", "-shared", "-fPIC", "-I", tree / "include", "-o", library, source]
    subprocess.run(command, check=True)
    return library


def abidiff(probes: list[tuple[Path, Path]], *options: str, quiet: bool = False) -> bool:
    """Whether there is any change. abidiff's own word for it, bit 8, covers little more than what was removed."""
    (before, headers1), (after, headers2) = probes
    directories = ["--headers-dir1", headers1, "--headers-dir2", headers2, "--drop-private-types"]
    command = ["abidiff", *options, *directories, before, after]
    status = subprocess.run(command, stdout=subprocess.DEVNULL if quiet else None).returncode
    # Bits 1 and 2: it could not do its work.
    if status & 3:
        raise SystemExit(f"abidiff failed with status {status}")
    return status != 0


def abi_name(tree: Path) -> str:
    """The rule of build.rs: what decides whether a program fits the library."""
    major, minor = re.search(
        r'^version = "(\d+)\.(\d+)\.', (tree / "Cargo.toml").read_text(), flags=re.MULTILINE
    ).groups()
    return f"liboxipipe.so.{major}.{minor}" if major == "0" else f"liboxipipe.so.{major}"


if __name__ == "__main__":
    sys.exit(main())
