"""What the commands on JSON documents have in common."""

from __future__ import annotations

from oxipipe import _types as t
from oxipipe.commands.modules import Module
from oxipipe.commands.shapes import resolve_words
from oxipipe.commands.shapes.json import Decoded
from oxipipe.commands.words import refused, word
from oxipipe.exceptions import DataError


class Documents(Module):
    """Writes documents with an encoder, and reads them with a decoder of its own if it has one."""

    def __init__(
        self, client: t.Any, encoder: t.Encoder | None = None, decoder: t.Decoder | None = None
    ) -> None:
        super().__init__(client)
        if encoder is None:
            from json import JSONEncoder

            encoder = JSONEncoder()
        self._encoder = encoder
        self._decoder = decoder

    def command(self, *args: t.Any) -> t.Any:
        if self._decoder is not None:
            shape = resolve_words(args)
            if isinstance(shape, Decoded):
                return self.client.command_as(shape.by(self._decoder), *args)
        return self.client.command(*args)

    def _encode(self, document: t.Any) -> t.Any:
        # Servers take JSON in UTF-8, whatever the encoding of keys is.
        try:
            return word(self._encoder.encode(document))
        except TypeError as error:
            raise refused(document, "what its encoder can write as JSON") from error

    def _document(self, document: t.Any, decode_keys: bool | None) -> t.Any:
        """As it is sent; JSON has only text for keys, so bytes are decoded if that is wanted."""
        if decode_keys:
            if not hasattr(document, "items"):
                raise refused(document, "a mapping whose keys are to be decoded")
            document = {k.decode() if isinstance(k, bytes) else k: v for k, v in document.items()}
        return self._encode(document)

    def _content(self, file_name: str) -> t.Any:
        from json import load

        with open(file_name, encoding="utf-8") as file:
            return self._encode(load(file))

    def _float_kind(self, name: t.Any) -> bytes:
        kind = str(getattr(name, "value", name)).upper()
        if kind not in FLOAT_KINDS:
            raise DataError(f"fpha is one of {', '.join(FLOAT_KINDS)}, and not {name!r}")
        return kind.encode()


#: How a server may keep arrays of floats.
FLOAT_KINDS = ("BF16", "FP16", "FP32", "FP64")
