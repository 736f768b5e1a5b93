"""Commands on channels. What an entry says: tools/commandgen/entries.py."""

# ruff: noqa: F821


@command(
    "PUBLISH {channel} {message}",
    examples=["publish('channel', 'message')"],
)
def publish(channel: KeyT, message: EncodableT) -> int:
    """Post a message to a channel."""
