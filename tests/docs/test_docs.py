"""Runs every example of the documentation against a private server, and follows every link.

A fenced block marked `python`, `c`, `rust` or `sh` is a program: it must run and end well. A `text` block
right below it is what it prints. Examples speak to the server at port 6379 because readers do; here the
number is replaced by the private server's port.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "target/release"
# Generated text and sources under test have their own checks.
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "bindings/*/README.md", "benches/*.md", "fuzz/*.md")
    for page in ROOT.glob(pattern)
    if "generated" not in page.parts
)
PROGRAMS = ("python", "c", "rust", "sh")
#: Only a hang takes so long, on a machine however busy.
SECONDS = 300


@dataclass(frozen=True)
class Example:
    page: Path
    line: int
    language: str
    text: str
    output: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}:{self.language}"


def examples(page: Path) -> Iterator[Example]:
    """The programs of a page, each with the `text` block that follows it directly, if one does."""
    fence = re.compile(
        r"^```(\w*)[^\n]*\n(.*?)^```\n?(\s*```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL
    )
    text = page.read_text()
    at = 0
    while found := fence.search(text, at):
        if found[1] in PROGRAMS:
            yield Example(
                page, text.count("\n", 0, found.start()) + 1, found[1], found[2], found[4]
            )
            at = found.end()
        else:
            # What follows a block that is no program is looked at afresh.
            at = found.end(2) + len("```")


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real server of our own on a free port."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    assert program, "no valkey-server or redis-server on PATH"
    directory = tmp_path_factory.mktemp("server")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free: int = probe.getsockname()[1]
    options = ["--port", str(free), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
    server = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        for line in server.stdout:
            if "eady to accept connections" in line:
                break
        else:
            pytest.fail("the server did not start")
        yield free
    finally:
        server.terminate()
        server.wait(10)


@pytest.mark.parametrize("example", [e for page in PAGES for e in examples(page)], ids=str)
def test_example(example: Example, port: int, tmp_path: Path) -> None:
    with socket.create_connection(("127.0.0.1", port)) as server:
        server.sendall(b"FLUSHALL\r\n")
        assert server.recv(64) == b"+OK\r\n"
    # The file that examples of `oxipipe load` read.
    (tmp_path / "words.txt").write_text("".join(f"word{n}\n" for n in range(1000)))
    program = re.sub(r"\b6379\b", str(port), example.text)
    done = subprocess.run(
        RUN[example.language](program, tmp_path),
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, (
        f"{example} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    )
    if example.output is not None:
        assert done.stdout.strip() == example.output.strip()


def python(program: str, directory: Path) -> list[str]:
    # Further down a page nobody repeats the import.
    if "import oxipipe" not in program:
        program = f"import oxipipe\n{program}"
    (directory / "example.py").write_text(program)
    return [sys.executable, "-X", "dev", "-W", "error", "example.py"]


def shell(program: str, directory: Path) -> list[str]:
    return ["bash", "-euo", "pipefail", "-c", program]


def c(program: str, directory: Path) -> list[str]:
    (directory / "example.c").write_text(program)
    warnings = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    link = [f"-L{RELEASE}", "-loxipipe", f"-Wl,-rpath,{RELEASE}"]
    compile_with(
        ["cc", *warnings, f"-I{ROOT / 'include'}", "example.c", *link, "-o", "example"], directory
    )
    return ["./example"]


def rust(program: str, directory: Path) -> list[str]:
    if "fn main" not in program:
        program = f"fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{program}\nOk(())\n}}\n"
    (directory / "example.rs").write_text(program)
    crate = [
        "--extern",
        f"oxipipe={RELEASE / 'liboxipipe.rlib'}",
        "-L",
        f"dependency={RELEASE / 'deps'}",
    ]
    compile_with(["rustc", "--edition", "2024", *crate, "example.rs"], directory)
    return ["./example"]


def compile_with(command: list[str], directory: Path) -> None:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


RUN = {"python": python, "c": c, "rust": rust, "sh": shell}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(file), f"{target}: no such heading"


def anchors(page: Path) -> set[str]:
    """The names that renderers of Markdown give to headings."""
    headings = re.findall(r"^#+ +(.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_dependency_has_its_reason() -> None:
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    page = (ROOT / "docs/dependencies.md").read_text()
    assert first_column(page, "## The library, at run time") == set(manifest["dependencies"])
    assert set(manifest["dev-dependencies"]) <= first_column(page, "## For development only")


def first_column(page: str, heading: str) -> set[str]:
    """The code words in the first column of the table below a heading."""
    section = re.split(r"^#", page.split(heading)[1], flags=re.MULTILINE)[0]
    rows = re.findall(r"^\|([^|]*)\|", section, re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([\w-]+)`", row)}
