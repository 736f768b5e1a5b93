"""The words that named commands of modules send are redis-py's, in its order. No server here has these modules."""

from __future__ import annotations

from typing import Any

import pytest
from support.module_cases import CASES
from test_command_words import Ours, Theirs, encoded

from oxipipe.commands import modules
from oxipipe.exceptions import DataError

redis = pytest.importorskip("redis")

# redis-py marks old commands as deprecated, and new ones as experimental.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

#: Methods of which redis-py's sends several commands.
PIPELINED = {("ft", "sugadd")}


class Gathering:
    """redis-py's pipeline, for one command."""

    def __init__(self, words: list[Any]) -> None:
        self.words = words

    def execute_command(self, *words: Any) -> None:
        self.words += words

    def execute(self) -> list[Any]:
        return [None]


@pytest.mark.parametrize(
    ("module", "name", "args", "kwargs"), CASES, ids=lambda value: str(value)[:30]
)
def test_same_words(module: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    theirs = Theirs()
    ours = getattr(getattr(Ours(), module)(), name)
    method = getattr(getattr(theirs, module)(), name, None)
    if (module, name) in PIPELINED:
        words: list[Any] = []
        group = getattr(theirs, module)()
        group.pipeline = lambda **_options: Gathering(words)
        getattr(group, name)(*args, **kwargs)
        assert encoded(ours(*args, **kwargs)) == encoded(tuple(words))
        return
    if method is None:
        pytest.skip("redis-py has no such method")
    try:
        method(*args, **kwargs)
    except StopIteration:
        assert encoded(ours(*args, **kwargs)) == encoded(theirs.words)
    except (redis.DataError, ValueError):
        with pytest.raises(DataError):
            ours(*args, **kwargs)


def test_every_named_command_has_an_example() -> None:
    for accessor in {case[0] for case in CASES}:
        made = type(getattr(Ours(), accessor)())
        named = {name for name in vars(made) if not name.startswith("_")}
        assert named == {name for module, name, _, _ in CASES if module == accessor}
        assert issubclass(made, modules.Module)
