"""scikit-build-core, with the core's sources put into source distributions.

The package is built by the CMake project two directories up, which no build backend can reach from a source distribution.
So building one copies the core to `core/` first, and pyproject.toml builds from there if it finds itself in one.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from scikit_build_core.build import *  # noqa: F403  every hook but the one below as it is
from scikit_build_core.build import build_sdist as _build_sdist

PACKAGE = Path(__file__).resolve().parent.parent
ROOT = PACKAGE.parent.parent
CORE = PACKAGE / "core"
PARTS = [
    "CMakeLists.txt",
    "Cargo.toml",
    "Cargo.lock",
    "build.rs",
    "include",
    "src",
    "bindings/c",
    "benches/resp.rs",  # Cargo.toml names it
    "LICENSE-APACHE",
    "LICENSE-MIT",
]


def build_sdist(sdist_directory: str, config_settings: dict[str, Any] | None = None) -> str:
    """PEP 517's hook."""
    if not (ROOT / "Cargo.toml").exists():  # a source distribution from a source distribution
        return _build_sdist(sdist_directory, config_settings)
    shutil.rmtree(CORE, ignore_errors=True)
    try:
        for part in PARTS:
            copy(ROOT / part, CORE / part)
        # Here the core's bindings/python is this very directory.
        (CORE / "bindings/python").mkdir(parents=True)
        shutil.copy(PACKAGE / "CMakeLists.txt", CORE / "bindings/python")
        return _build_sdist(sdist_directory, config_settings)
    finally:
        shutil.rmtree(CORE, ignore_errors=True)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy(source, target)
