"""Where the package keeps the library and its headers."""

from __future__ import annotations

import os
import sys

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def library() -> str:
    """Path of liboxipipe."""
    return os.path.join(_HERE, "liboxipipe.dylib" if sys.platform == "darwin" else "liboxipipe.so")


def include() -> str:
    """Directory to search for <oxipipe/oxipipe.h>."""
    return os.path.join(_HERE, "include")
