#!/usr/bin/env python3
"""Whether the header says of every function what it returns. Prints what is missing; tests/header.rs runs it.

The walk (tools/gen_walk.py) compares the same lists with what functions really return.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

DESCRIPTION = Path(__file__).resolve().parents[2] / "include/oxipipe/oxipipe.json"


def main() -> int:
    described = json.loads(DESCRIPTION.read_text())
    numbers = {constant["name"] for constant in described["constants"]}
    threads = {one["name"]: one.get("threads", "") for one in described["types"]}
    # Only oxp_error is not checked (docs/abi.md, Threads).
    exclusive = {name for name, rule in threads.items() if "one at a time" in rule} - {"oxp_error"}
    missing = []
    for function in described["functions"]:
        missing += [f"{function['name']}: {text}" for text in faults(function, numbers, exclusive)]
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
    required = any("*" in one["type"] and not one["may_be_null"] for one in function["parameters"])
    if required and "OXP_ERR_ARG" not in statuses:
        found.append("has a pointer that must not be NULL, and does not name OXP_ERR_ARG")
    return found


def comes_out(parameter: dict[str, Any]) -> bool:
    kind = parameter["type"]
    # A handle is in and out; its type says what there is to say.
    return kind.endswith("**") or (
        kind.endswith("*") and not kind.startswith(("const ", "oxp_", "void "))
    )


if __name__ == "__main__":
    sys.exit(main())
