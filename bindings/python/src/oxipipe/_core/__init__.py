"""What speaks to liboxipipe: `_fast` (C, the default) or cffi, behind one interface.

The environment variable OXIPIPE_BACKEND (`fast` or `cffi`) decides; without it, cffi serves where `_fast` cannot be
imported, such as on PyPy. Both give the same names with the same meaning.

Nothing in here imports anything of the package that is not in here. What the back ends need of it, such as the classes of
errors, is handed to them by `configure`, once; `oxipipe._backend` does.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from oxipipe._core.cffi.client import (
        ClientCore,
        FutureCore,
        PipelineCore,
        PoolCore,
        configure,
        named_method,
    )

    name: str
else:
    name = os.environ.get("OXIPIPE_BACKEND", "")
    if name not in ("", "fast", "cffi"):
        raise ImportError(f"OXIPIPE_BACKEND is {name!r}; it can be 'fast' or 'cffi'")
    if name != "cffi":
        try:
            from oxipipe._core._fast import (
                ClientCore,
                FutureCore,
                PipelineCore,
                PoolCore,
                configure,
                named_method,
            )

            name = "fast"
        except ImportError:
            if name == "fast":
                raise
    if name != "fast":
        from oxipipe._core.cffi.client import (
            ClientCore,
            FutureCore,
            PipelineCore,
            PoolCore,
            configure,
            named_method,
        )

        name = "cffi"

__all__ = [
    "ClientCore",
    "FutureCore",
    "PipelineCore",
    "PoolCore",
    "configure",
    "name",
    "named_method",
]
