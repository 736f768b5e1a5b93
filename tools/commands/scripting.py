"""Commands on scripts and functions. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "EVAL {script} {numkeys} {*keys_and_args}",
    examples=[
        "eval('return {KEYS[1], ARGV[1], 7, false}', 1, 's', 'v')",
        "eval('return redis.call(\"GET\", KEYS[1])', 1, 's')",
        "eval('return redis.error_reply(\"NO not so\")', 0)",
        "eval('return', 0)",
    ],
)
def eval(script: str | bytes | memoryview, numkeys: int, *keys_and_args: EncodableT) -> Any:
    """Run a script in Lua: what it returns. Of `keys_and_args`, the first `numkeys` are the keys that it uses."""


@command(
    "EVAL_RO {script} {numkeys} {*keys_and_args}",
    examples=[
        "eval_ro('return redis.call(\"GET\", KEYS[1])', 1, 's')",
        "eval_ro('return redis.call(\"DEL\", KEYS[1])', 1, 's')",
    ],
)
def eval_ro(script: str | bytes | memoryview, numkeys: int, *keys_and_args: EncodableT) -> Any:
    """Run a script that may only read: what it returns. Of `keys_and_args`, the first `numkeys` are the keys that it uses."""


@command(
    "EVALSHA {sha} {numkeys} {*keys_and_args}",
    examples=[
        "evalsha('e0e1f9fabfc9d4800c877a703b823ac0578ff8db', 0)",
        "evalsha('4e6d8fc8bb01276962cce5371fa795a7763657ae', 1, 's')",
    ],
)
def evalsha(sha: str | bytes, numkeys: int, *keys_and_args: EncodableT) -> Any:
    """Run the script that script_load named so: what it returns. Of `keys_and_args`, the first `numkeys` are the keys that it uses."""


@command(
    "EVALSHA_RO {sha} {numkeys} {*keys_and_args}",
    examples=[
        "evalsha_ro('e0e1f9fabfc9d4800c877a703b823ac0578ff8db', 0)",
        "evalsha_ro('4e6d8fc8bb01276962cce5371fa795a7763657ae', 1, 's')",
    ],
)
def evalsha_ro(sha: str | bytes, numkeys: int, *keys_and_args: EncodableT) -> Any:
    """Run the script that script_load named so, which may only read: what it returns.

    Of `keys_and_args`, the first `numkeys` are the keys that it uses.
    """


@command(
    "FCALL {function} {numkeys} {*keys_and_args}",
    examples=["fcall('first', 1, 's', 'v')", "fcall('none', 0)"],
)
def fcall(function: str | bytes, numkeys: int, *keys_and_args: EncodableT) -> Any:
    """Call a function of a library: what it returns. Of `keys_and_args`, the first `numkeys` are the keys that it uses."""


@command(
    "FCALL_RO {function} {numkeys} {*keys_and_args}",
    examples=["fcall_ro('first', 1, 's', 'v')", "fcall_ro('second', 0)"],
)
def fcall_ro(function: str | bytes, numkeys: int, *keys_and_args: EncodableT) -> Any:
    """Call a function of a library that only reads: what it returns. Of `keys_and_args`, the first `numkeys` are the keys that it uses."""


@command(
    "FUNCTION|DELETE {library}",
    shape="ok",
    examples=["function_delete('lib')", "function_delete('none')"],
)
def function_delete(library: str) -> bool:
    """Delete a library with all its functions."""


@command("FUNCTION|DUMP", shape="bytes", examples=["function_dump()"])
def function_dump() -> bytes:
    """All libraries, as function_restore takes them; never decoded."""


@command(
    "FUNCTION|FLUSH {mode}",
    shape="ok",
    examples=["function_flush()", "function_flush('ASYNC')"],
)
def function_flush(mode: str = "SYNC") -> bool:
    """Delete all libraries, and with "ASYNC" do not wait until their memory is free."""


@command("FUNCTION|KILL", examples=["function_kill()"])
def function_kill() -> T:
    """End the function that runs, unless it has written."""


@command(
    "FUNCTION|LIST",
    shape="scripting.libraries",
    examples=[
        "function_list()",
        "function_list('lib')",
        "function_list('none')",
        "function_list(withcode=True)",
    ],
)
def function_list(
    library: str | None = "*", withcode: bool | None = False
) -> list[list[T | list[list[T | list[T] | None]]]]:
    """The libraries whose names fit a pattern, with their code if wanted: each a list of names and values in turn, as are its functions."""
    return [b"LIBRARYNAME", word(library), *words_of(WITHCODE=withcode)]


@command(
    "FUNCTION|LOAD replace?REPLACE {code}",
    examples=[
        "function_load('#!lua name=lib2\\nredis.register_function(\"third\", function() return 1 end)')",
        "function_load('#!lua name=lib\\nredis.register_function(\"third\", function() return 1 end)')",
        "function_load('#!lua name=lib\\nredis.register_function(\"third\", function() return 1 end)', replace=True)",
        "function_load('none')",
    ],
)
def function_load(code: str | bytes, replace: bool | None = False) -> T:
    """Make a library of functions of its code, in the place of one of the same name if `replace`; its name."""


@command(
    "FUNCTION|RESTORE",
    shape="ok",
    examples=["function_restore(b'none')", "function_restore(b'none', 'FLUSH')"],
)
def function_restore(payload: str | bytes, policy: str | None = "APPEND") -> bool:
    """Add the libraries of function_dump: to those that are there ("APPEND"), in the place of those of the same name ("REPLACE"), or of all ("FLUSH")."""
    return [payload, word(policy)]


@command("FUNCTION|STATS", shape="scripting.stats", examples=["function_stats()"])
def function_stats() -> dict[T, dict[T, T | int | list[T]] | dict[T, dict[T, int]] | None]:
    """The function that runs, if there is one, and of each engine how many libraries and functions it has."""


@command(
    "SCRIPT|EXISTS {*args}",
    shape="bools",
    examples=[
        "script_exists('4e6d8fc8bb01276962cce5371fa795a7763657ae', 'none')",
        "script_exists('e0e1f9fabfc9d4800c877a703b823ac0578ff8db')",
    ],
)
def script_exists(*args: str | bytes) -> list[bool]:
    """Of each name that script_load gives, whether the server knows such a script."""


@command(
    "SCRIPT|FLUSH",
    shape="ok",
    examples=["script_flush()", "script_flush('SYNC')", "script_flush('ASYNC')"],
)
def script_flush(sync_type: Literal["SYNC", "ASYNC"] | None = None) -> bool:
    """Let the server forget all scripts, and with "ASYNC" do not wait until their memory is free."""
    return () if sync_type is None else (word(sync_type),)


@command("SCRIPT|KILL", shape="ok", examples=["script_kill()"])
def script_kill() -> bool:
    """End the script that runs, unless it has written."""


@command(
    "SCRIPT|LOAD {script}",
    shape="text",
    examples=["script_load('return 7')", "script_load('not Lua')"],
)
def script_load(script: str | bytes | memoryview) -> str:
    """Let the server remember a script; the name that evalsha takes."""


@command(
    "SCRIPT|SHOW {sha}",
    examples=[
        "script_show('4e6d8fc8bb01276962cce5371fa795a7763657ae')",
        "script_show('e0e1f9fabfc9d4800c877a703b823ac0578ff8db')",
    ],
)
def script_show(sha: str | bytes) -> T:
    """The text of a script that the server remembers. Only Valkey tells it."""
