"""The `oxipipe` command."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .load import Job
from .load.fields import encoded
from .load.formats import FORMATS
from .load.output import Output


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    del options["task"]
    if options["delimiter"] is not None:
        options["delimiter"] = encoded(options["delimiter"])
    password = os.environ.get("OXIPIPE_PASSWORD")
    return int(Job(password=password, **options).run())


class _Parser(argparse.ArgumentParser):
    """One that does not mind that nobody reads its help."""

    def _print_message(self, message: str, file: Any = None) -> None:
        Output(file).write(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="oxipipe", description="Redis from the command line.")
    parser.add_argument("--version", action="version", version=_version())
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    load = tasks.add_parser(
        "load",
        help="pump a file into a server",
        description="Sends one command per line of FILE, through pipelines, and accounts for "
        "every line.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    load.add_argument("path", metavar="FILE", help="the input, possibly .gz; - is standard input")
    load.add_argument(
        "--url",
        default=os.environ.get("OXIPIPE_URL", "redis://localhost:6379"),
        help="the server: redis://[user[:password]@]host[:port][/db] or unix:///path[?db=n] "
        "(default: $OXIPIPE_URL, else redis://localhost:6379). "
        "$OXIPIPE_PASSWORD keeps the password off the command line",
    )
    load.add_argument("--command", dest="template", metavar="TEMPLATE", help="see below")
    load.add_argument(
        "--format",
        choices=FORMATS,
        help="default: by the extension (.tsv .tab .csv .json .jsonl .ndjson .resp .aof), else lines",
    )
    load.add_argument("--header", action="store_true", help="the first line names the columns")
    load.add_argument(
        "--delimiter", metavar="BYTES", help="between columns, instead of TAB or comma"
    )
    load.add_argument(
        "--crlf", action="store_true", help="lines and tsv: a CR before LF is not part of the line"
    )
    load.add_argument(
        "--pipeline-size",
        type=_positive,
        default=10_000,
        metavar="N",
        help="commands per pipeline (default: 10000)",
    )
    load.add_argument(
        "--max-errors",
        type=_count,
        default=0,
        metavar="N",
        help="stop when N lines were refused (default: 0, never); what is queued is finished",
    )
    load.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help="for one whole pipeline (default: the client's 5; 0: wait for ever)",
    )
    load.add_argument(
        "--refused",
        type=Path,
        metavar="PATH",
        help="where lines go that were not accepted (default: FILE.refused)",
    )
    load.add_argument(
        "--dry-run", action="store_true", help="read everything, show the first commands, send none"
    )
    load.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
    load.add_argument("--json", action="store_true", help="the summary as a JSON object")
    return parser


def _version() -> str:
    from . import __version__

    return f"oxipipe {__version__}"


# What these raise says itself what is wrong: of a ValueError argparse would print the function's name.


def _positive(text: str) -> int:
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _count(text: str) -> int:
    number = _whole(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError("must be a number of seconds, not negative")
    return seconds


_EPILOG = """\
The template is split into arguments like a shell command, once; each argument may hold
  {0} {1} ...  columns, or elements of a JSON array     {line}  the whole line
  {name}       a column of the header, or a JSON key    {n}     the line number
  {{ }}        literal braces
Where a field is called line, n or 0, too, {.n} is the field and {:n} the line number.

  oxipipe load words.tsv --command 'HSET words {0} {1}'
  oxipipe load users.csv.gz --header --command 'SET user:{id} {email} EX 3600'
  zcat events.jsonl.gz | oxipipe load - --format json --command 'XADD events * who {who}'

exit codes: 0 all lines accepted; 1 some refused; 2 wrong usage or unreadable input;
3 no connection, lost or timed out; 4 --max-errors was reached; 5 a fault of this program;
130 interrupted
"""
