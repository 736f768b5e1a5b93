"""Shapes of what servers tell of themselves."""

from __future__ import annotations

from oxipipe.commands.shapes.common import in_order, lines, ok, pairs, ranks, text, unless_null

TYPE_CHECKING = False  # that of `typing` costs more than this package
if TYPE_CHECKING:
    from typing import Any


@unless_null
def time(reply: Any) -> tuple[int, int]:
    return int(reply[0]), int(reply[1])


@unless_null
def last_save(reply: Any) -> Any:
    import datetime

    return datetime.datetime.fromtimestamp(int(reply))


@unless_null
def config_get(reply: Any) -> dict[Any, Any]:
    return {text(key): text(value) for key, value in pairs(reply).items()}


@unless_null
def info(reply: Any) -> dict[str, Any]:
    """`INFO` as a dict: numbers as numbers, `k=v,k=v` as dicts, everything else as str."""
    found: dict[str, Any] = {}
    for line in lines(reply):
        if line.startswith("#"):
            continue
        is_per_name = line.startswith(_PER_NAME)
        # Such a name may have a colon, what is told of it has none. Any other value may.
        key, colon, value = line.rpartition(":") if is_per_name else line.partition(":")
        if not colon:
            found.setdefault("__raw__", []).append(line)
        elif key == "module":
            found.setdefault("modules", []).append(_info_value(value))
        else:
            found[key] = value if key in _FREE_TEXTS else _info_value(value)
    return found


@unless_null
def client_list(reply: Any) -> list[dict[str, str]]:
    return [_client(line) for line in lines(reply)]


@unless_null
def client_info(reply: Any) -> dict[str, Any]:
    line = text(reply).removesuffix("\n").removesuffix("\r")
    client: dict[str, Any] = dict(_client(line))
    for key in _CLIENT_NUMBERS & client.keys():
        client[key] = int(client[key])
    return client


@unless_null
def client_kill(reply: Any) -> Any:
    return reply if isinstance(reply, int) else ok(reply)


@unless_null
def debug_object(reply: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for field in ("type:" + text(reply)).split():
        key, _, value = field.partition(":")
        fields[key] = int(value) if key in _DEBUG_NUMBERS else value
    return fields


@unless_null
def memory_stats(reply: Any) -> dict[str, Any]:
    stats = {}
    for key, value in pairs(reply).items():
        key = text(key)
        # One for each database, and counts of what all of them have.
        is_database = isinstance(value, (list, dict))
        stats[key] = config_get(value) if is_database else _double(text(value))
    return stats


@unless_null
def commands(reply: Any) -> dict[str, dict[str, Any]]:
    described: dict[str, dict[str, Any]] = {}
    for entry in reply:
        if entry is None:  # COMMAND INFO was asked for one that there is not
            continue
        name = text(entry[0])
        described[name] = {
            "name": name,
            "arity": entry[1],
            "flags": [text(flag) for flag in in_order(entry[2], _COMMAND_FLAGS)],
            "first_key_pos": entry[3],
            "last_key_pos": entry[4],
            "step_count": entry[5],
        }
        if len(entry) > 6:
            categories = in_order(entry[6], _CATEGORIES)
            described[name]["acl_categories"] = [text(category) for category in categories]
        if len(entry) > 9:
            described[name]["tips"] = _tips(entry[7])
            described[name]["key_specifications"] = [*map(_key_specification, entry[8])]
            described[name]["subcommands"] = [*map(_subcommand, entry[9])]
    return described


@unless_null
def keys_and_flags(reply: Any) -> list[list[Any]]:
    return [[key, in_order(flags, _KEY_FLAGS)] for key, flags in reply]


@unless_null
def slowlog(reply: Any) -> list[dict[str, Any]]:
    return [_slow_call(*entry) for entry in reply]


@unless_null
def commandlog(reply: Any) -> list[dict[str, Any]]:
    names = "id", "start_time", "value", "command", "client_address", "client_name"
    calls = [dict(zip(names, entry, strict=False)) for entry in reply]
    return [{**call, "command": b" ".join(call["command"])} for call in calls]


@unless_null
def command_docs(reply: Any) -> dict[str, Any]:
    return {text(name): _documented(facts) for name, facts in pairs(reply).items()}


@unless_null
def latency_histogram(reply: Any) -> dict[str, Any]:
    return {text(name): _histogram(facts) for name, facts in pairs(reply).items()}


@unless_null
def modules(reply: Any) -> list[dict[Any, Any]]:
    return [pairs(module) for module in reply]


@unless_null
def hotkeys(reply: Any) -> list[dict[Any, Any]]:
    return [pairs(found) for found in reply]


def _subcommand(entry: Any) -> list[Any]:
    """As the server tells it, but for what the protocol makes of it."""
    name, arity, flags, first, last, step, categories, tips, specifications, subcommands = entry[
        :10
    ]
    return [
        name,
        arity,
        in_order(flags, _COMMAND_FLAGS),
        first,
        last,
        step,
        in_order(categories, _CATEGORIES),
        _tips(tips),
        [*map(_key_specification, specifications)],
        [*map(_subcommand, subcommands)],
    ]


def _tips(reply: Any) -> list[Any]:
    # Servers have no order of their own for all of them that would be the same with a set.
    return sorted(reply, key=text)


def _key_specification(reply: Any) -> dict[Any, Any]:
    return {
        name: in_order(value, _KEY_FLAGS) if text(name) == "flags" else _maps_within(value)
        for name, value in pairs(reply).items()
    }


def _maps_within(value: Any) -> Any:
    if not isinstance(value, (list, dict)):
        return value
    return {name: _maps_within(inner) for name, inner in pairs(value).items()}


def _documented(reply: Any) -> dict[str, Any]:
    """What is said of a command, or of an argument of it."""
    facts = {text(name): value for name, value in pairs(reply).items()}
    for name, value in facts.items():
        if name == "arguments":
            facts[name] = [_documented(argument) for argument in value]
        elif name == "subcommands":
            facts[name] = command_docs(value)
        else:
            facts[name] = _texts_within(value)
    return facts


def _texts_within(value: Any) -> Any:
    return [*map(_texts_within, value)] if isinstance(value, (list, set)) else text(value)


def _histogram(reply: Any) -> dict[str, Any]:
    facts = {text(name): value for name, value in pairs(reply).items()}
    return {k: v if isinstance(v, int) else pairs(v) for k, v in facts.items()}


def _double(value: Any) -> Any:
    # RESP2 has only text for doubles.
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _info_value(value: str) -> Any:
    """What a value is by its looks. Names do not have slashes or spaces: with one, it is a path or the like."""
    items = [item.partition("=") for item in value.split(",") if item]
    is_plain = "=" not in value and "," not in value
    if is_plain or any(not name or "/" in name or " " in name for name, _, _ in items):
        return _info_scalar(value)
    if "=" not in value:
        return [_info_scalar(item) for item, _, _ in items]
    return {name: _info_scalar(content) if equals else True for name, equals, content in items}


def _info_scalar(value: str) -> Any:
    if "_" in value:  # digits may be grouped so in Python
        return value
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return value


def _client(line: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    key = ""
    for token in line.split(" "):
        name, equals, value = token.partition("=")
        if equals or not fields:
            key = name
            fields[key] = value
        else:  # a space inside a value, such as the path of a Unix socket
            fields[key] += " " + token
    return fields


def _slow_call(number: int, start: int, duration: int, args: Any, *client: Any) -> dict[str, Any]:
    call = {"id": number, "start_time": start, "duration": duration, "command": b" ".join(args)}
    if len(client) >= 2:
        call["client_address"], call["client_name"] = client[:2]
    return call


_CLIENT_NUMBERS = frozenset(
    "id age idle db sub psub multi qbuf qbuf-free obl argv-mem oll omem tot-mem".split()
)
_DEBUG_NUMBERS = frozenset("refcount serializedlength lru lru_seconds_idle".split())
#: INFO's, whatever they look like: what people, systems and builds call things.
_FREE_TEXTS = frozenset(
    "os executable config_file aof_filename availability_zone master_host gcc_version monotonic_clock".split()
)
_PER_NAME = "cmdstat_", "errorstat_", "latency_percentiles_usec_"
_COMMAND_FLAGS = ranks(
    "write pubsub readonly denyoom admin asking module noscript loading blocking stale fast skip_slowlog no_async_loading"
    " skip_monitor skip_commandlog no_auth no_multi no_mandatory_keys allow_busy movablekeys"
)
_CATEGORIES = ranks(
    "@pubsub @keyspace @write @read @hash @string @bitmap @set @stream @hyperloglog @geo @sortedset @admin @list @slow @fast"
    " @scripting @blocking @dangerous @transaction @connection"
)
_KEY_FLAGS = ranks("not_key RW OW RO RM access update insert delete variable_flags incomplete")
