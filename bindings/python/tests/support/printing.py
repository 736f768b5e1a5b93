"""How `docs/commands` prints replies: as Python writes them, over several lines where one is not enough, and of long ones the beginning."""

from __future__ import annotations

from typing import Any

WIDTH = 100
#: Of a long reply so much is printed.
LINES = 12
#: Attributes that are not printed: how long a call took.
CLOCKS = ("duration",)


def shown(reply: Any) -> list[str]:
    """A reply, the same whatever the order of sets."""
    lines = _lines(reply)
    if len(lines) <= LINES:
        return lines
    return [*lines[:LINES], f"...  # {len(lines) - LINES} more lines"]


def raised(error: Exception) -> list[str]:
    return [_cut(f"oxipipe.{type(error).__name__}: {error}".rstrip(": "))]


def form(reply: Any) -> list[str]:
    """A reply with the types of its values in their place."""
    return shown(_form(reply))


def words(sent: list[bytes]) -> str:
    """What is sent, with words in quotes where one could not tell them apart otherwise."""
    told = (word.decode("ascii", "backslashreplace") for word in sent)
    return _cut(
        " ".join(
            word if word.isprintable() and word and " " not in word else repr(word) for word in told
        )
    )


def _cut(text: str) -> str:
    text = text.replace("\n", " ")
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


class _Named:
    """What is printed by its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def _form(value: Any) -> Any:
    if isinstance(value, dict):
        parts = sorted(value.items(), key=repr)
        if all(isinstance(key, str) and not isinstance(part, dict) for key, part in parts):
            return {key: _form(part) for key, part in parts}  # a record
        return {_form(key): _form(part) for key, part in parts[:1]}
    if isinstance(value, (list, set)):
        return [*(_form(part) for part in list(value)[:1]), _Named("...")]
    if isinstance(value, tuple):
        return tuple(map(_form, value))
    return _Named(type(value).__name__)


def _lines(value: Any) -> list[str]:
    whole = _text(value)
    if len(whole) <= WIDTH:
        return [whole]
    if isinstance(value, dict):
        inner = [(f"{key!r}: ", part) for key, part in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, (list, set, tuple)):
        inner = [
            ("", part) for part in (sorted(value, key=repr) if isinstance(value, set) else value)
        ]
        opening, closing = {list: ("[", "]"), set: ("{", "}"), tuple: ("(", ")")}[type(value)]
    else:
        return [_cut(whole)]
    lines = []
    for key, part in inner:
        first, *rest = _lines(part)
        lines += [f"{key}{first}", *rest]
        lines[-1] += ","
    return [opening, *(f"    {line}" for line in lines), closing]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_text(part)}' for key, part in value.items())}}}"
    if isinstance(value, set) and value:
        return f"{{{', '.join(sorted(map(repr, value)))}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(_text, value))}{',' if len(value) == 1 else ''})"
    if hasattr(value, "__dict__") and type(value).__module__.startswith(("oxipipe.", "redis.")):
        told = ", ".join(f"{n}={_text(part)}" for n, part in vars(value).items() if n not in CLOCKS)
        return f"{type(value).__name__}({told})"
    return repr(value)
