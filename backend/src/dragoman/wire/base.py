"""What a wire format is: the functions and the two machines each of them offers.

       read_request ─▶ ChatRequest ─▶ write_request
client                                              provider
       StreamWriter ◀─ StreamEvent ◀─ StreamReader
       write_reply  ◀─    Reply    ◀─ read_reply
"""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from msgspec import Struct

from dragoman.chat import (
    ChatRequest,
    Failure,
    LLMServiceError,
    Receipt,
    Reply,
    StreamEvent,
    UpstreamError,
)

NOTHING: Final[frozenset[str]] = frozenset()


class Written(Struct, frozen=True):
    """A request in a wire's own words: the body to send, and what the translation changed.

    `path` is where it goes, if that is not the wire's usual path (with the model in it, say).
    """

    body: bytes
    receipts: tuple[Receipt, ...] = ()
    path: str | None = None


class StreamReader(Protocol):
    """Reads one streamed reply; knows when it is finished, and never takes a cut one for whole."""

    @property
    def done(self) -> bool:
        """Whether no further byte is needed: the reply is whole, or has failed."""
        ...

    def feed(self, chunk: bytes) -> list[StreamEvent]:
        """Take the next bytes, in any cut; give the events that follow from them. Never raises."""
        ...

    def close(self, *, clean: bool) -> list[StreamEvent]:
        """Take the end of the body; `clean` is how it ended at HTTP level. Gives the last events.

        Raises `UpstreamError` if the vendor reported an error, the bytes made no sense, or the
        reply is not finished by the wire's own rule.
        """
        ...


class StreamWriter(Protocol):
    """Writes one streamed reply to a client."""

    def write(self, events: Iterable[StreamEvent]) -> bytes:
        """Write the next events; the terminal bytes follow a `ResponseEnd`."""
        ...

    def fail(self, error: LLMServiceError) -> bytes:
        """End the stream with an error in the wire's own way, without its mark of success."""
        ...


class ProviderSide(Protocol):
    """What it takes to ask a provider in a wire format: a module, or any object with these members.

    `name` tags what belongs to the format. `path` is where requests go, below a provider's base
    URL.
    """

    @property
    def name(self) -> str:
        """The format's name, as in `openai_chat`."""
        ...

    @property
    def path(self) -> str:
        """The route below the base URL, as in `/chat/completions`."""
        ...

    def write_request(self, request: ChatRequest, *, without: frozenset[str] = NOTHING) -> Written:
        """Write a request for a provider; `without` names what this one does not take.

        Raises `LLMBadRequestError` (`unsupported`) for what this format cannot say at all.
        """
        ...

    def read_reply(self, body: bytes) -> Reply:
        """Read a whole reply. Raises `UpstreamError` if it is an error or makes no sense."""
        ...

    def stream_reader(self) -> StreamReader:
        """Give a reader for one streamed reply."""
        ...

    def read_failure(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """Read an error answer of this format: the facts, and no judgement. Never raises."""
        ...


class ClientSide(Protocol):
    """What it takes to serve clients that speak a wire format."""

    def read_request(self, body: bytes) -> ChatRequest:
        """Read a client's request. Raises `InvalidInput` that says where it is wrong."""
        ...

    def write_reply(self, reply: Reply, request: ChatRequest | None = None, /) -> bytes:
        """Write a whole reply to `request` for a client; some formats repeat what was asked."""
        ...

    def stream_writer(
        self, request: ChatRequest | None = None, *, model: str | None = None
    ) -> StreamWriter:
        """Give a writer for one streamed reply to `request`, which may say how it wants it told.

        `model` is the name to tell instead of the vendor's. What comes from this same wire goes out
        as it came, but for that name and for what the client did not ask for.
        """
        ...

    def write_failure(self, error: LLMServiceError) -> bytes:
        """Write the body of an error answer for a client."""
        ...


class Wire(ProviderSide, ClientSide, Protocol):
    """A wire format, both ways."""


def malformed(reason: str, message: str) -> UpstreamError:
    """Make the error for bytes that a vendor should not have sent."""
    return UpstreamError(Failure(message=message, reason=reason))
