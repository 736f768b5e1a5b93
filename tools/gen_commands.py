#!/usr/bin/env python3
"""Generates all that is made of the descriptions of commands.

    tools/gen_commands.py                   writes src/command/table.rs, the Python methods, their stubs and shapes, the parity cases
    tools/gen_commands.py --check           writes nothing; exit status 1 if a generated file is stale
    tools/gen_commands.py --describe SOCKET takes a new description from the server on that Unix socket
    tools/gen_commands.py --newer SOCKET    takes the commands that only that newer server has
    tools/gen_commands.py --beside SOCKET   takes what a server with modules, or a Sentinel, has and those servers do not
    tools/gen_commands.py --record          runs the examples, and takes what servers answer for the reference; after `make build`

Inputs, all committed, are in `tools/commands/`: a file of entries per group (`commandgen.entries` says what an entry is), those of
modules of servers in `modules/`, in
`servers/` what servers say about their commands, and in `published/` what is published of those that none of these servers has. The output is committed too, so that neither a build nor a package needs this
program or a server.

--describe also asks that server where the keys of many commands are, of those in `servers/keys-asked.txt` and of one or two made up
for each other. A test of the Rust table holds it to the answers, `keys-answered.tsv`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from commandgen import cases, checks, entries, methods, reference, rust, servers, shape_table, stubs

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / "bindings/python"
PACKAGE = PYTHON / "src/oxipipe/commands"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only report stale files")
    parser.add_argument("--describe", metavar="SOCKET", help="refresh the description first")
    parser.add_argument("--newer", metavar="SOCKET", help="refresh that of newer commands first")
    parser.add_argument("--beside", metavar="SOCKET", help="refresh that of others first")
    parser.add_argument(
        "--record", action="store_true", help="refresh the replies to the examples first"
    )
    options = parser.parse_args()
    if options.describe:
        servers.refresh(options.describe)
    if options.newer:
        servers.refresh_newer(options.newer)
    if options.beside:
        servers.refresh_beside(options.beside)
    told = servers.read_all()
    written = entries.read()
    groups = entries.read_groups()
    checks.against_servers([*written, *(e for group in groups for e in group.entries)], told)
    checks.against_redis_py(written)
    checks.against_any(written, groups)
    if options.record:
        record(written, groups)
    checks.groups_against_redis_py(groups)
    outputs = {
        ROOT / "src/command/table.rs": rust.table(servers.merged(told)),
        PACKAGE / "_table.py": methods.module(written),
        PACKAGE / "_table.pyi": stubs.module(written, groups),
        PACKAGE / "shapes/_by_name.py": shape_table.module(written),
        PYTHON / "tests/support/command_cases.py": cases.module(written),
        PACKAGE / "shapes/_of_modules.py": shape_table.group_module(groups),
        PYTHON / "tests/support/module_cases.py": cases.group_module(groups),
    }
    for name, page in reference.pages(written, groups, told).items():
        outputs[ROOT / "docs/commands" / name] = page
    for module in {group.module for group in groups}:
        classes = [group for group in groups if group.module == module]
        outputs[PACKAGE / f"modules/{module}.py"] = methods.group_module(classes)
        outputs[PACKAGE / f"modules/{module}.pyi"] = stubs.group_module(classes)
    stale = [
        path for path, text in outputs.items() if not path.exists() or path.read_text() != text
    ]
    for path in stale:
        if options.check:
            print(f"{path.relative_to(ROOT)} is stale: run tools/gen_commands.py", file=sys.stderr)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(outputs[path])
    return 1 if options.check and stale else 0


def record(written: list[entries.Entry], groups: list[entries.Group]) -> None:
    """Asks servers of the package's tests, by the package."""
    sys.path.insert(0, str(PYTHON / "tests"))
    from support import recording

    examples = [(entry.name, entry.command, entry.examples) for entry in written]
    of_modules = [(group.accessor, e.name, e.examples) for group in groups for e in group.entries]
    replies = {**recording.of_servers(examples), **recording.of_modules(of_modules)}
    lines = (f"{json.dumps(name)}: {json.dumps(told)}" for name, told in replies.items())
    reference.REPLIES.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    sys.exit(main())
