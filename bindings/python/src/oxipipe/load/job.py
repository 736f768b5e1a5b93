"""One load from its options to its exit code: opens everything, runs the loader, reports."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..client import Redis
from ..exceptions import DataError, RedisError, RefusedError
from .aside import Aside, default_path
from .block import InputError, Item
from .fields import UsageError
from .formats import Commands, Format
from .interrupt import Interrupt
from .loader import Loader, Pipeline, message
from .naming import format_of
from .output import Output
from .preview import Preview
from .progress import progress_on
from .report import as_json, as_text, complaints
from .session import Session
from .source import Source
from .tally import ExitCode, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The options of `oxipipe load`; docs/load.md describes them."""

    path: str
    url: str = "redis://localhost:6379"
    password: str | None = None
    template: str | None = None
    format: str | None = None
    header: bool = False
    crlf: bool = False
    delimiter: bytes | None = None
    pipeline_size: int = 10_000
    max_errors: int = 0
    timeout: float | None = None
    refused: Path | None = None
    dry_run: bool = False
    quiet: bool = False
    json: bool = False

    def run(self) -> ExitCode:
        """Loads the file. Everything that can be wrong is reported on stderr, not raised."""
        try:
            return self._run()
        except (UsageError, InputError, OSError, DataError, RefusedError) as error:
            return _fail(ExitCode.UNUSABLE, str(error))
        except RedisError as error:
            return _fail(ExitCode.LOST, f"no connection: {message(error)}")
        except KeyboardInterrupt:
            return _fail(ExitCode.INTERRUPTED, "interrupted before anything was sent")
        except Exception as error:
            Output(sys.stderr).write(traceback.format_exc())
            return _fail(ExitCode.UNEXPECTED, f"unexpected: {type(error).__name__}: {error}")

    def _run(self) -> ExitCode:
        name = self.format or format_of(self.path)
        layout = Format(name, self.header, self.crlf, self.delimiter)
        with Source(self.path) as source:
            records, commands = layout.open(source, self.template)
            if self.dry_run:
                preview = Preview(Output(sys.stdout))
                return self._load(source, records, commands, preview, None, None)
            with (
                self._connected() as client,
                client.pipeline(transaction=False) as pipeline,
                Aside(self._aside_path()) as aside,
            ):
                # Of other formats than whole commands nobody knows the commands before they are made.
                session = Session(client) if name == "resp" else None
                return self._load(source, records, commands, pipeline, session, aside)

    def _connected(self) -> Redis:
        options: dict[str, Any] = {}
        url = self.url
        if self.timeout is not None:
            # Arguments beside a URL are for what it does not say; in it, the last one counts.
            url += f"{'&' if '?' in url else '?'}timeout={self.timeout}"
        if self.password is not None and urlsplit(self.url).password is None:
            options["password"] = self.password
        try:
            client = Redis.from_url(url, **options)
        except DataError as error:
            raise UsageError(f"--url: {error.args[0]}") from None
        return client.connect()

    def _aside_path(self) -> Path:
        path = self.refused or default_path(self.path)
        if path.exists() and self.path != "-" and path.samefile(self.path):
            raise InputError(f"{path} is the input: refused lines need another file")
        return path

    def _load(
        self,
        source: Source,
        records: Iterable[Item],
        commands: Commands,
        pipeline: Pipeline,
        session: Session | None,
        aside: Aside | None,
    ) -> ExitCode:
        progress = progress_on(Output(sys.stderr), self.quiet)
        start = time.monotonic()
        with Interrupt(lambda: source.reading) as interrupt:
            loader = Loader(
                pipeline,
                source,
                aside,
                progress,
                interrupt,
                session=session,
                pipeline_size=self.pipeline_size,
                max_errors=self.max_errors,
            )
            loader.run(records, commands)
            seconds = time.monotonic() - start
            progress.finish()
            return self._report(loader.tally, source, seconds, aside)

    def _report(
        self, tally: Tally, source: Source, seconds: float, aside: Aside | None
    ) -> ExitCode:
        kept = None
        if aside is not None:
            aside.close()
            if aside.failed:
                tally.stop(ExitCode.UNUSABLE, f"{aside.path} could not be written: {aside.failed}")
            kept = aside.path if aside.count else None
        out = Output(sys.stdout)
        if self.json:
            out.line(as_json(tally, source.bytes, seconds, kept))
        elif not self.quiet:
            out.line(as_text(tally, source.bytes, seconds, self.dry_run))
        Output(sys.stderr).write(tally.fault)
        for complaint in complaints(tally, kept, self.dry_run):
            _say(complaint)
        if out.failed:
            _say(f"the summary could not be written: {out.failed}")
            return tally.code() or ExitCode.UNUSABLE
        return tally.code()


def _fail(code: ExitCode, reason: str) -> ExitCode:
    _say(reason)
    return code


def _say(text: str) -> None:
    Output(sys.stderr).line(f"oxipipe load: {text}")
