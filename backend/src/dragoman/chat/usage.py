"""What a reply cost, in one normal form: every wire converts its own arithmetic to this."""

from msgspec import Struct

from dragoman.chat.json import Extras


class Usage(Struct, frozen=True):
    """Token counts; what a vendor did not say is `None`, never 0.

    `input` is everything sent, cached or not. `cache_read` and `cache_write` are parts of it.
    `output` is everything generated, reasoning included; `reasoning` is a part of it.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    extras: Extras | None = None

    @property
    def total(self) -> int | None:
        """Input and output together; `None` while either is unknown."""
        if self.input is None or self.output is None:
            return None
        return self.input + self.output
