"""Commands on channels. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "PUBLISH {channel} {message}",
    examples=["publish('channel', 'message')"],
)
def publish(channel: KeyT, message: EncodableT) -> int:
    """Post a message to a channel."""


@command("SPUBLISH {shard_channel} {message}", examples=["spublish('channel', 'message')"])
def spublish(shard_channel: KeyT, message: EncodableT) -> int:
    """Post a message to a channel of the shard that its name belongs to; the number of those who get it."""


@command(
    "PUBSUB|CHANNELS {pattern}",
    examples=["pubsub_channels()", "pubsub_channels('none*')"],
)
def pubsub_channels(pattern: PatternT = "*") -> list[T]:
    """The channels that somebody has subscribed to, as far as they fit a pattern."""


@command("PUBSUB|NUMPAT", examples=["pubsub_numpat()"])
def pubsub_numpat() -> int:
    """The number of patterns that somebody has subscribed to."""


@command(
    "PUBSUB|NUMSUB {*args}",
    shape="pubsub.counted",
    examples=["pubsub_numsub()", "pubsub_numsub('channel', 'other')"],
)
def pubsub_numsub(*args: KeyT) -> list[tuple[T, int]]:
    """Of each of these channels, how many have subscribed to it."""


@command(
    "PUBSUB|SHARDCHANNELS {pattern}",
    examples=["pubsub_shardchannels()", "pubsub_shardchannels('none*')"],
)
def pubsub_shardchannels(pattern: PatternT = "*") -> list[T]:
    """The channels of this shard that somebody has subscribed to, as far as they fit a pattern."""


@command(
    "PUBSUB|SHARDNUMSUB {*args}",
    shape="pubsub.counted",
    examples=["pubsub_shardnumsub()", "pubsub_shardnumsub('channel', 'other')"],
)
def pubsub_shardnumsub(*args: KeyT) -> list[tuple[T, int]]:
    """Of each of these channels of this shard, how many have subscribed to it."""
