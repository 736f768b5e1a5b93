"""What a user sees while a load runs."""

from __future__ import annotations

import io
import os

import pytest

from oxipipe.load.progress import Bar, Log, Silent, progress_on
from oxipipe.load.tally import Tally


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def test_a_bar_on_a_terminal_a_log_elsewhere_nothing_if_quiet() -> None:
    assert isinstance(progress_on(Terminal(), quiet=False), Bar)
    assert isinstance(progress_on(io.StringIO(), quiet=False), Log)
    assert isinstance(progress_on(Terminal(), quiet=True), Silent)


def test_the_bar_shows_the_part_read_and_wipes_itself() -> None:
    out = Terminal()
    bar = Bar(out, every=0)
    bar.update(Tally(lines=1_234_567), 0.5)
    drawn = out.getvalue()
    assert drawn.startswith("\r 50% [")
    assert "1,234,567 lines" in drawn
    assert drawn.count("#") * 2 == drawn.index("]") - drawn.index("[") - 1
    bar.update(Tally(lines=2, refused=1), None)
    assert "1 refused" in out.getvalue()
    assert all(len(frame) < 100 for frame in out.getvalue().split("\r"))
    bar.finish()
    assert out.getvalue().endswith("\r" + " " * 99 + "\r")


def test_the_bar_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    out = Terminal()
    Bar(out, every=0).update(Tally(lines=10**12), 0.25)
    assert all(len(frame) < 20 for frame in out.getvalue().split("\r"))


def test_the_bar_at_its_two_ends() -> None:
    out = Terminal()
    bar = Bar(out, every=0)
    bar.update(Tally(), 0.0)
    bar.update(Tally(lines=1), 1.0)
    assert "100% [####" in out.getvalue()


def test_nothing_is_drawn_too_often() -> None:
    out = Terminal()
    bar = Bar(out, every=3600)
    bar.update(Tally(lines=1), 0.1)
    bar.finish()
    assert out.getvalue() == ""


def test_the_log_is_whole_lines() -> None:
    out = io.StringIO()
    log = Log(out, every=0)
    log.update(Tally(lines=1000, refused=2), 0.25)
    log.update(Tally(lines=2000), None)
    first, second = out.getvalue().splitlines()
    assert first.startswith("1,000 lines (25%), ")
    assert first.endswith(" lines/s, 2 refused")
    assert second.startswith("2,000 lines, ")
    assert os.linesep not in first
