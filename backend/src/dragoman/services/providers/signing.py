"""What a request needs that is made anew for it: a signature over it, or a token that ages."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from dragoman.observability.secrets import Secret


class Sent(Protocol):
    """A request as it is signed: `Outgoing`, or `Call`."""

    @property
    def method(self) -> str:
        """The HTTP method."""
        ...

    @property
    def url(self) -> str:
        """The address, as it goes over the line."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers so far."""
        ...

    @property
    def body(self) -> bytes:
        """The body."""
        ...

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What is sent and must not be told."""
        ...


class Signature(Struct, frozen=True):
    """The headers to add (names in lower case), and what of them must not be told."""

    headers: Mapping[str, str]
    secrets: tuple[Secret, ...] = ()


class Signer(Protocol):
    """Something that vouches for requests."""

    async def sign(self, sent: Sent) -> Signature:
        """Sign one request. Raises `LLMServiceError` that says what is missing, and the cure."""
        ...


async def vouched_for(
    sent: Sent, signer: Signer | None
) -> tuple[Mapping[str, str], tuple[Secret, ...]]:
    """Give the headers of a request with its signature, and its secrets with what that adds."""
    if signer is None:
        return sent.headers, sent.secrets
    signature = await signer.sign(sent)
    return {**sent.headers, **signature.headers}, sent.secrets + signature.secrets
