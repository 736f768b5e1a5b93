"""Commands as they are: what every class with named commands has besides those, and what marks those that say no more."""

from __future__ import annotations

from oxipipe import _types as t
from oxipipe._core import named_method
from oxipipe.commands.words import word
from oxipipe.exceptions import DataError

TYPE_CHECKING = False  # that of `typing` costs more than this package

#: In the place of a decoder: that of the client, or of the view that a view is made of.
KEEP: t.Any = object()


class Modules:
    """What gives the commands of servers' modules, each imported when it is first asked for. See `oxipipe.commands.modules`."""

    __slots__ = ()
    #: `Redis[str]` is a type for who checks types, and at run time something of the kind.
    __class_getitem__: t.Any = classmethod(type(list[int]))

    def json(self, encoder: t.Encoder | None = None, decoder: t.Decoder | None = None) -> t.Any:
        """Commands on JSON documents, which `encoder` writes and `decoder` reads: those of the standard library if not given."""
        from oxipipe.commands.modules.json import JSON

        return JSON(self, encoder, decoder)

    def ft(self, index_name: str = "idx") -> t.Any:
        """Commands on the index of that name."""
        from oxipipe.commands.modules.search import Search

        return Search(self, index_name)

    def bf(self) -> t.Any:
        """Commands on Bloom filters."""
        from oxipipe.commands.modules.bloom import BFBloom

        return BFBloom(self)

    def cf(self) -> t.Any:
        """Commands on cuckoo filters."""
        from oxipipe.commands.modules.bloom import CFBloom

        return CFBloom(self)

    def cms(self) -> t.Any:
        """Commands on count-min sketches."""
        from oxipipe.commands.modules.bloom import CMSBloom

        return CMSBloom(self)

    def topk(self) -> t.Any:
        """Commands on lists of the most frequent items."""
        from oxipipe.commands.modules.bloom import TOPKBloom

        return TOPKBloom(self)

    def tdigest(self) -> t.Any:
        """Commands on t-digests."""
        from oxipipe.commands.modules.bloom import TDigestBloom

        return TDigestBloom(self)

    def ts(self) -> t.Any:
        """Commands on time series."""
        from oxipipe.commands.modules.timeseries import TimeSeries

        return TimeSeries(self)

    def vset(self) -> t.Any:
        """Commands on sets of vectors, under the name that redis-py has for them: the same as the client's own `vadd`, `vsim` and so on."""
        from oxipipe.commands.modules.vectorset import VectorSet

        return VectorSet(self)


class Untyped(Modules):
    """Turns what named methods need into words, and hands them to the `command` or `command_as` of another base."""

    if TYPE_CHECKING:

        def command(self, *args: t.Any) -> t.Any: ...
        def command_as(self, callback: t.Callback | None, *args: t.Any) -> t.Any: ...

    def execute_command(self, *args: t.Any, **options: t.Any) -> t.Any:
        """As `command`; and as in redis-py, "CONFIG GET" in one argument is two words, and `NEVER_DECODE` leaves text bytes.

        `decoder` and `encoder` are for this call what `with_decoder` and `with_encoder` are for several. Other options are what
        redis-py's shapes need to know; here the words of the command tell it.
        """
        if options:
            encoder, decoder = options.get("encoder"), options.get("decoder")
            if encoder is not None or decoder is not None or "NEVER_DECODE" in options:
                return self._view(decoder, encoder).command(*split(args))
        return self.command(*split(args))

    @property
    def raw(self) -> t.Any:
        """A view in which text in replies is bytes, whatever the client does with it."""
        return self._view(None, None)

    def with_decoder(self, decoder: t.Callable[[bytes], t.Any]) -> t.Any:
        """A view in which text in replies is what `decoder` makes of its bytes.

        That is each key, field, member and value of a reply, in the shape that the command gives it; not numbers, states such as "OK",
        nor what a shape has read already, as that of INFO. A view shares the connection, and costs next to nothing.
        """
        return self._view(decoder, None)

    def with_encoder(self, encoder: t.Callable[[t.Any], t.Any]) -> t.Any:
        """A view in which `encoder` makes something that can be sent of arguments that cannot: of all but text, bytes and numbers."""
        return self._view(KEEP, encoder)

    def _view(self, decoder: t.Any, encoder: t.Any) -> t.Any:
        from oxipipe.commands.views import View

        return View(self, decoder, encoder)

    def bitfield(self, key: t.KeyT, default_overflow: str | None = None) -> t.Any:
        """A builder of a BITFIELD command: add operations to it, then call its `execute`."""
        from oxipipe.commands.bitfield import BitFieldOperation

        return BitFieldOperation(self, key, default_overflow)


def split(args: tuple[t.Any, ...]) -> tuple[t.Any, ...]:
    """The words of a command whose name, in one argument, may be two of them."""
    name = args[0] if args else None
    words = name.split() if isinstance(name, (str, bytes)) else [name]
    if not words and name:
        raise DataError("a command needs at least its name")
    if len(words) < 2:
        return args
    return words[0], *map(word, words[1:]), *args[1:]


def plain(
    command: str, words: int, *, has_more: bool = False, last: object = None, whole: int = 0
) -> t.Callable[[t.Callable[..., t.Any]], t.Callable[..., t.Any]]:
    """Of a method that sends so many arguments (or more) as they are given, if none is None and there are no others.

    `last` is the last of them where it is not given; `whole` has a bit for each that is sent as it is only if it is an int.
    """
    return lambda function: named_method(function, command, words, has_more, last, whole)
