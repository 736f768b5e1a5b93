#!/usr/bin/env python3
"""Whether the header says of every function what it returns, and docs/abi.md has what can be counted: statuses, structs, texts
with a NUL. Prints what is missing; tests/header.rs runs it.

The walk (tools/gen_walk.py) compares the same lists with what functions really return.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTION = ROOT / "include/oxipipe/oxipipe.json"
CONTRACT = ROOT / "docs/abi.md"


def main() -> int:
    described = json.loads(DESCRIPTION.read_text())
    numbers = {constant["name"] for constant in described["constants"]}
    threads = {one["name"]: one.get("threads", "") for one in described["types"]}
    # Only oxp_error is not checked (docs/abi.md, Threads).
    exclusive = {name for name, rule in threads.items() if "one at a time" in rule} - {"oxp_error"}
    missing = []
    for function in described["functions"]:
        missing += [f"{function['name']}: {text}" for text in faults(function, numbers, exclusive)]
    missing += [f"docs/abi.md: {text}" for text in left_out(described, CONTRACT.read_text())]
    print("\n".join(missing))
    return 1 if missing else 0


def faults(function: dict[str, Any], numbers: set[str], exclusive: set[str]) -> list[str]:
    # Inputs are named by the sentence; what comes out has to say until when it is valid, or who frees it.
    found = [
        f"nothing is said of {one['name']}"
        for one in function["parameters"]
        if comes_out(one) and not one["doc"]
    ]
    if function["returns"] != "oxp_status":
        return found
    statuses = set(function["statuses"])
    if "OXP_OK" not in statuses:
        found.append("does not name OXP_OK")
    found += [f"names {name}, which does not exist" for name in statuses - numbers]
    types = {one["type"].removeprefix("const ") for one in function["parameters"]}
    if types & {f"{name} *" for name in exclusive} and "OXP_ERR_BUSY" not in statuses:
        found.append(
            "uses a handle that one thread at a time may use, and does not name OXP_ERR_BUSY"
        )
    # Who leases, or sends what may need a connection of its own, meets the bound on them. The walk never has so many.
    sends = {"OXP_ERR_REFUSED", "OXP_ERR_DISCONNECTED"} <= statuses
    leases = re.fullmatch(r"oxp_[a-z]+_lease", function["name"])
    if (sends or leases) and "OXP_ERR_QUEUE_FULL" not in statuses:
        found.append("may want a connection of its own, and does not name OXP_ERR_QUEUE_FULL")
    required = any("*" in one["type"] and not one["may_be_null"] for one in function["parameters"])
    if required and "OXP_ERR_ARG" not in statuses:
        found.append("has a pointer that must not be NULL, and does not name OXP_ERR_ARG")
    return found


def left_out(described: dict[str, Any], contract: str) -> list[str]:
    found = [
        f"no row for {one['name']} and {one['value']}"
        for one in described["constants"]
        if one["name"].startswith(("OXP_ERR_", "OXP_AGAIN", "OXP_DONE", "OXP_FULL", "OXP_DUE"))
        and f"| `{one['name']}` | {one['value']} |" not in contract
    ]
    paragraphs = contract.split("\n\n")
    structs = next(text for text in paragraphs if "structs with a layout" in text)
    texts = next(text for text in paragraphs if "as `const char *`" in text)
    for one in described["types"]:
        if one["is"] == "struct" and f"`{one['name']}`" not in structs:
            found.append(f"{one['name']} has a layout")
    for one in described["functions"]:
        if one["returns"] == "const char *" and f"`{one['name']}`" not in texts:
            found.append(f"{one['name']} returns a text with a NUL")
    return found


def comes_out(parameter: dict[str, Any]) -> bool:
    kind = parameter["type"]
    # A handle is in and out; its type says what there is to say.
    return kind.endswith("**") or (
        kind.endswith("*") and not kind.startswith(("const ", "oxp_", "void "))
    )


if __name__ == "__main__":
    sys.exit(main())
