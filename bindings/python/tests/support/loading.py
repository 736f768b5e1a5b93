"""`oxipipe load` in a process of its own, run to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import oxipipe

#: The command itself, for tests that start it in a way of their own.
COMMAND = [sys.executable, "-m", "oxipipe", "load"]


def run(
    *arguments: str, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin.decode("latin-1"),
        encoding="latin-1",
        capture_output=True,
        env=os.environ | environment,
        timeout=300,
        check=False,
    )


@contextmanager
def started(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A load that goes on beside the test, and not beyond it."""
    with subprocess.Popen([*COMMAND, *arguments], **options) as process:
        try:
            yield process
        finally:
            process.kill()  # it has ended, unless the test failed


def load(server: oxipipe.Server, *arguments: str, stdin: bytes = b"") -> dict[str, Any]:
    """Runs with --json; the summary, with what went to stderr under "said"."""
    done = run(*arguments, "--json", "--url", server.url, stdin=stdin)
    assert done.stdout, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    assert summary["exit_code"] == done.returncode
    fates = ("accepted", "refused", "unknown", "not_applied")
    assert summary["lines"] == sum(summary[fate] for fate in fates)
    return summary | {"said": done.stderr}


def resp(*arguments: str | bytes) -> bytes:
    """A command as it stands in an AOF."""
    encoded = [a.encode() if isinstance(a, str) else a for a in arguments]
    values = b"".join(b"$%d\r\n%b\r\n" % (len(a), a) for a in encoded)
    return b"*%d\r\n%b" % (len(encoded), values)


def commands(*lines: str) -> bytes:
    """A file of commands, each given as its words."""
    return b"".join(resp(*line.split()) for line in lines)
