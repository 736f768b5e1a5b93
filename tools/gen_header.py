#!/usr/bin/env python3
"""Generates include/oxipipe/oxipipe.h and its description, oxipipe.json, from src/ffi.

    tools/gen_header.py           writes both
    tools/gen_header.py --check   writes nothing; exit status 1 if one of them is stale

cbindgen makes the declarations of one file of src/ffi at a time, in the order of src/ffi/mod.rs, so that the header has a
section for each type. The description says the same to programs: functions with their parameters, who owns what, which
statuses they return and how threads may use them; types; numbers.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FFI = ROOT / "src/ffi"
HEADER = ROOT / "include/oxipipe/oxipipe.h"
DESCRIPTION = ROOT / "include/oxipipe/oxipipe.json"
CONFIG = ROOT / "cbindgen.toml"
MANUAL = ROOT / "tools/header_manual.txt"

# Another version may lay out the same header differently: change it in a commit of its own.
CBINDGEN = "0.29.4"

GUARD = "OXIPIPE_H"
HEAD = f"""
#ifndef {GUARD}
#define {GUARD}

/* Generated from src/ffi by tools/gen_header.py: change the comments and signatures there. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base.h"

#ifdef __cplusplus
extern "C" {{
#endif
"""
FOOT = f"""
#ifdef __cplusplus
}} /* extern "C" */
#endif

#endif /* {GUARD} */
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only report stale files")
    options = parser.parse_args()
    sections = [(title(name), declarations(name)) for name in files()]
    header = MANUAL.read_text() + HEAD
    for name, text in sections:
        header += f"\n/*\n * {name}\n */\n\n{text}"
    header += FOOT
    made = {HEADER: header, DESCRIPTION: json.dumps(description(sections), indent=1) + "\n"}
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    if options.check:
        for path in stale:
            print(
                f"{path.relative_to(ROOT)} is out of date: run tools/gen_header.py", file=sys.stderr
            )
        return 1 if stale else 0
    for path in stale:
        path.write_text(made[path])
    return 0


def files() -> list[str]:
    """The files of the C types in the header's order."""
    declared = (FFI / "mod.rs").read_text().split("// Behind them.")[0]
    return re.findall(r"^mod (\w+);$", declared, flags=re.MULTILINE)


def title(name: str) -> str:
    """What the file says of itself in its first line."""
    first = (FFI / f"{name}.rs").read_text().splitlines()[0]
    return first.removeprefix("//! ").rstrip(".")


def declarations(name: str) -> str:
    command = [cbindgen(), "--quiet", "--config", str(CONFIG), str(FFI / f"{name}.rs")]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Seen alone, only the file's own types are known to be structs; all of them have a name without.
    text = re.sub(r"(?<!typedef )\bstruct (oxp_\w+)", r"\1", text)
    # A number that a macro of the reader's can stand before.
    text = re.sub(r"^(#define OXP_\w+) (-\d+)$", r"\1 (\2)", text, flags=re.MULTILINE)
    return text.strip() + "\n"


def cbindgen() -> str:
    own = ROOT / "target/tools/bin/cbindgen"
    for candidate in (str(own), "cbindgen"):
        try:
            version = subprocess.run(
                [candidate, "--version"], capture_output=True, text=True
            ).stdout
        except FileNotFoundError:
            continue
        if version.strip() == f"cbindgen {CBINDGEN}":
            return candidate
    install = [
        "cargo",
        "install",
        "--quiet",
        "--locked",
        # It is built in a third of the time, and makes the header in half a second.
        "--debug",
        "--root",
        "target/tools",
        "--version",
        CBINDGEN,
        "cbindgen",
    ]
    subprocess.run(install, check=True, cwd=ROOT)
    return str(own)


# The description.


def description(sections: list[tuple[str, str]]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "version": version(),
        "constants": [],
        "types": [],
        "functions": [],
    }
    for section, text in sections:
        for comment, code in items(text):
            one = describe(comment, code)
            kind = one.pop("kind")
            described[kind].append({"name": one.pop("name"), "section": section, **one})
    known = {function["name"]: function for function in described["functions"]}
    errors = {
        constant["name"]
        for constant in described["constants"]
        if constant["name"].startswith("OXP_ERR_")
    }
    for function in described["functions"]:
        function["statuses"] = statuses(function, known, errors)
    return described


def version() -> str:
    found = re.search(
        r'^version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), flags=re.MULTILINE
    )
    assert found
    return found[1]


def items(text: str) -> list[tuple[str, str]]:
    """Comment and code of each declaration. Inside a struct there are comments, too, but no empty lines before a declaration."""
    found = []
    for block in re.split(r"\n\n(?=///|#define|typedef|OXP_API)", text.strip()):
        lines = block.splitlines()
        comment = [
            line[3:].strip() if line != "///" else "" for line in lines if line.startswith("///")
        ]
        # The layout of the lists of parameters matters.
        raw = [line[4:] if line != "///" else "" for line in lines if line.startswith("///")]
        code = "\n".join(line for line in lines if not line.startswith("///"))
        assert len(comment) == len(raw)
        found.append(("\n".join(raw), code))
    return found


def describe(comment: str, code: str) -> dict[str, Any]:
    if found := re.match(r"#define (OXP_\w+) \(?(-?\d+)(?:ull)?\)?$", code):
        return {
            "kind": "constants",
            "name": found[1],
            "value": int(found[2]),
            "doc": joined(comment),
        }
    if code.startswith("typedef"):
        return describe_type(comment, code)
    return describe_function(comment, code)


def describe_type(comment: str, code: str) -> dict[str, Any]:
    one: dict[str, Any] = {"kind": "types", "doc": joined(comment)}
    if found := re.search(r"Threads: (.*?)\.", joined(comment), flags=re.DOTALL):
        one["threads"] = found[1]
    if found := re.match(r"typedef struct (\w+) \1;", code):
        return {**one, "name": found[1], "is": "opaque"}
    if found := re.match(r"typedef struct (\w+) \{(.*)\} \1;", code, flags=re.DOTALL):
        fields, doc = [], []
        for line in found[2].strip().splitlines():
            line = line.strip()
            if line.startswith("///"):
                doc.append(line[3:].strip())
                continue
            kind, name = declarator(line.rstrip(";"))
            fields.append({"name": name, "type": kind, "doc": " ".join(doc)})
            doc = []
        return {**one, "name": found[1], "is": "struct", "fields": fields}
    if found := re.match(r"typedef (\S.*?) \(\*(\w+)\)\((.*)\);", code, flags=re.DOTALL):
        parameters = [declarator(part) for part in re.split(r",\s*", found[3])]
        listed = [{"name": name, "type": kind} for kind, name in parameters]
        return {
            **one,
            "name": found[2],
            "is": "callback",
            "returns": found[1],
            "parameters": listed,
        }
    found = re.match(r"typedef (\w+) (\w+);", code)
    assert found, code
    return {**one, "name": found[2], "is": "alias", "of": found[1]}


def describe_function(comment: str, code: str) -> dict[str, Any]:
    flat = re.sub(r"\s+", " ", code)
    found = re.match(r"OXP_API (OXP_NODISCARD )?(.*?)(\w+)\((.*)\);$", flat)
    assert found, code
    about = parameters_about(comment)
    text = joined(comment)
    parameters = []
    if found[4] != "void":
        for kind, name in (declarator(part) for part in found[4].split(", ")):
            doc = about.get(name, "")
            one: dict[str, Any] = {"name": name, "type": kind, "doc": doc}
            if kind.endswith("**"):
                one["gives"] = "own" if doc.startswith("own") else "borrowed"
            one["may_be_null"] = may_be_null(name, comment)
            parameters.append(one)
    threads = re.search(r"Threads: (.*?)\.(?: |$)", text)
    since = re.search(r"Since (\d[\d.]*\d)\.", text)
    return {
        "kind": "functions",
        "name": found[3],
        "returns": found[2].strip(),
        "must_use": bool(found[1]),
        "parameters": parameters,
        "threads": threads[1] if threads else "as its handle",
        "since": since[1] if since else None,
        "doc": text,
        "says": returns(comment),
    }


def declarator(text: str) -> tuple[str, str]:
    found = re.match(r"(.*?)(\w+)(\[\d*\])?$", text.strip(), flags=re.DOTALL)
    assert found, text
    return re.sub(r"\s*(\*+)$", r" \1", found[1].strip()) + (found[3] or ""), found[2]


def parameters_about(comment: str) -> dict[str, str]:
    """What a comment says of each parameter: a list with the names in one column and the text in another."""
    about: dict[str, str] = {}
    current: list[str] = []
    for line in comment.splitlines():
        if found := re.match(r"(\w+(?:, \w+)*) {3,}(\S.*)$", line):
            current = found[1].split(", ")
            for name in current:
                about[name] = found[2]
        elif current and re.match(r" {4,}\S", line):
            for name in current:
                about[name] += " " + line.strip()
        else:
            current = []
    return about


def may_be_null(name: str, comment: str) -> bool:
    """By name anywhere; otherwise as the list says of all that it describes together, or of each."""
    about = parameters_about(comment)
    if f"{name} may be NULL" in joined(comment):
        return True
    doc = about.get(name, "")
    if any(other != name and f"{other} may be NULL" in doc for other in about):
        return False
    return "ay be NULL" in doc or (name in about and "Each may be NULL" in comment)


def returns(comment: str) -> str:
    found = re.search(r"(?:^|\n\n)(Returns .*?)(?:\n\n|$)", comment, flags=re.DOTALL)
    return joined(found[1]) if found else ""


def statuses(
    function: dict[str, Any], known: dict[str, Any], errors: set[str], seen: tuple[str, ...] = ()
) -> list[str]:
    """The statuses that the documentation names, also by the name of another function, or all errors as OXP_ERR_*."""
    if function["returns"] != "oxp_status":
        return []
    says = function["says"] if function["name"] not in seen else ""
    named = set(re.findall(r"\bOXP_(?:OK|AGAIN|DONE|FULL|DUE|ERR_\w+)\b", says))
    if "OXP_ERR_*" in says:
        named |= errors
    for other in re.findall(r"\b(?:as|status of) (oxp_\w+)", says):
        if other in known:
            named |= set(statuses(known[other], known, errors, (*seen, function["name"])))
    return sorted(named)


def joined(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


if __name__ == "__main__":
    sys.exit(main())
