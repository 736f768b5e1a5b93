"""The commands of servers' modules, such as those on JSON documents: `client.json().get("key")`.

A module has a class with a method for each of its commands, made by `tools/gen_commands.py` of the descriptions in
`tools/commands/modules/`, as the table of all other commands is. An object of it is bound to a client, lease, pipeline or pool, and
hands words to the `command` and `command_as` of that; so it gives what those give: values, futures, coroutines, or the pipeline.
It has no connection and no state but its arguments, and costs little: make one when needed, or keep it.

Nothing here is imported with the package. `client.json()` imports the class, and `resolve` in `oxipipe.commands.shapes` the table of
shapes when it first sees a name such as JSON.GET; so `client.command("JSON.GET", ..)` gives the same as the method.

Replies have the shape that redis-py's own classes give by default, for both protocols. redis-py registers what decodes replies with
the client, so that the last `json(decoder=..)` decides for all; here a decoder belongs to the object that was made with it.
"""

from __future__ import annotations

from oxipipe import _types as t


class Module:
    """Commands that are sent through `client`, which may be anything that has named commands."""

    def __init__(self, client: t.Any) -> None:
        self.client = client

    def command(self, *args: t.Any) -> t.Any:
        return self.client.command(*args)

    def command_as(self, callback: t.Callback | None, *args: t.Any) -> t.Any:
        return self.client.command_as(callback, *args)

    def execute_command(self, *args: t.Any, **options: t.Any) -> t.Any:
        return self.client.execute_command(*args, **options)
