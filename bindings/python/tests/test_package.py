"""What is in the package, what importing it costs, and that both backends are what they say."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import oxipipe
from oxipipe import _backend

HAS_FAST = importlib.util.find_spec("oxipipe._core._fast") is not None


def python(program: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def test_the_library_and_its_headers_are_in_it() -> None:
    library = ctypes.CDLL(oxipipe.get_library())
    library.oxp_version.restype = ctypes.c_char_p
    assert library.oxp_version() == oxipipe.__version__.encode()
    headers = Path(oxipipe.get_include(), "oxipipe")
    assert sorted(path.name for path in headers.iterdir()) == [
        "adapters",
        "base.h",
        "oxipipe.h",
    ]


def test_a_c_program_builds_against_it(tmp_path: Path, server: oxipipe.Server) -> None:
    source = tmp_path / "ping.c"
    source.write_text(
        """
        #include <oxipipe/oxipipe.h>
        #include <string.h>
        int main(int argc, char **argv) {
            oxp_client *client;
            oxp_slice ping[] = {{(const uint8_t *)"PING", 4}};
            oxp_reply *reply = NULL;
            if (argc != 2 || oxp_connect(argv[1], strlen(argv[1]), &client, NULL) != OXP_OK)
                return 1;
            if (oxp_client_command(client, ping, 1, &reply, NULL) != OXP_OK)
                return 2;
            oxp_reply_free(reply);
            oxp_client_free(client);
            return 0;
        }
        """
    )
    directory, program = str(Path(oxipipe.get_library()).parent), tmp_path / "ping"
    compiler = ["cc", str(source), "-o", str(program), f"-I{oxipipe.get_include()}"]
    subprocess.run(
        [*compiler, f"-L{directory}", "-loxipipe", f"-Wl,-rpath,{directory}"], check=True
    )
    subprocess.run([str(program), server.url], check=True)


def test_the_package_is_small() -> None:
    package = Path(oxipipe.__file__).parent
    size = sum(p.stat().st_size for p in package.rglob("*") if p.is_file() and p.suffix != ".pyc")
    assert size < 3_000_000


def test_all_names_exist() -> None:
    for name in oxipipe.__all__:
        assert getattr(oxipipe, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = oxipipe.nonsense


def test_importing_it_is_cheap() -> None:
    program = """
import sys, time
import _cffi_backend
began = time.process_time()
import oxipipe
took = time.process_time() - began
began = time.process_time()
import asyncio
print(took / (time.process_time() - began))
"""
    python(program)  # leaves compiled files behind
    # Processor time grows, too, where the processors are busy, and the other's as much. Quiet: 0.4 to 0.5 of 40 ms.
    assert min(float(python(program)) for _ in range(5)) < 0.75


def test_importing_it_imports_little() -> None:
    loaded = set(python("import sys, oxipipe; print(*sys.modules)").split())
    heavy = {
        "asyncio",
        "ctypes",
        "inspect",
        "socket",
        "subprocess",
        "tempfile",
        "urllib.parse",
        "datetime",
        "logging",
    }
    before = set(python("import sys; print(*sys.modules)").split())
    assert not (loaded - before) & heavy
    if _backend.name == "fast":
        assert "_cffi_backend" not in loaded
        # With what it imports, more than half of all.
        assert not (loaded - before) & {"typing", "re", "contextlib", "functools", "importlib"}
    # Each costs a fifth of a millisecond and more; with cffi most of the others come with `typing`.
    own = {name for name in loaded - before if name.startswith("oxipipe")}
    assert len(own) <= (26 if _backend.name == "fast" else 43), sorted(own)
    others = loaded - before - own
    assert len(others) <= (5 if _backend.name == "fast" else 60), sorted(others)


def test_there_are_the_backends_that_this_python_can_have() -> None:
    has_gil = not sysconfig.get_config_var("Py_GIL_DISABLED")
    can_have = sys.implementation.name == "cpython" and has_gil
    assert can_have == HAS_FAST


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has a GIL")
def test_importing_it_leaves_the_gil_off() -> None:
    program = """
import sys, warnings
warnings.simplefilter("error")
import oxipipe, oxipipe.asyncio, oxipipe.futures, oxipipe.load.job
with oxipipe.Server() as server, server.connect() as r, r.lease() as mine:
    print(r.ping(), mine.ping(), sys._is_gil_enabled())
"""
    assert python(program) == "True True False"


@pytest.mark.parametrize("name", ["fast", "cffi"] if HAS_FAST else ["cffi"])
def test_the_environment_chooses_the_backend(name: str) -> None:
    said = python(
        "from oxipipe import _backend as b; print(b.name, b.ClientCore.__module__)",
        OXIPIPE_BACKEND=name,
    )
    assert said.split()[0] == name
    assert ("cffi" in said.split()[1]) == (name == "cffi")


def test_an_unknown_backend_is_an_error() -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        python("import oxipipe", OXIPIPE_BACKEND="quick")
    assert "it can be 'fast' or 'cffi'" in caught.value.stderr


def test_cffi_serves_where_fast_does_not_exist() -> None:
    program = "import sys; sys.modules['oxipipe._core._fast'] = None; from oxipipe import _backend; print(_backend.name)"
    assert python(program, OXIPIPE_BACKEND="") == "cffi"


def test_the_version_is_the_crates() -> None:
    manifest = Path(__file__).parents[3] / "Cargo.toml"
    if not manifest.exists():
        pytest.skip("not in a checkout")
    assert f'\nversion = "{oxipipe.__version__}"' in manifest.read_text()
    assert (
        f'\nversion = "{oxipipe.__version__}"'
        in (Path(__file__).parents[1] / "pyproject.toml").read_text()
    )


def test_generated_files_are_fresh() -> None:
    tools = Path(__file__).parents[3] / "tools"
    if not tools.exists():
        pytest.skip("not in a checkout")
    for generator in ("gen_commands.py", "gen_cffi.py"):
        subprocess.run([sys.executable, str(tools / generator), "--check"], check=True)


def test_a_forked_child_gets_its_own_connection(server: oxipipe.Server) -> None:
    program = f"""
import os, oxipipe
client = oxipipe.from_url({server.url!r})
mine = client.client_id()
pid = os.fork()
if pid == 0:
    ok = client.client_id() != mine and client.echo("child") == b"child"
    os._exit(0 if ok else 1)
status = os.waitpid(pid, 0)[1]
print(status, client.client_id() == mine, client.echo("parent"))
"""
    assert python(program) == "0 True b'parent'"
