"""How a vendor counts the tokens of a question: where it is asked, and what it reads."""

from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Struct

from dragoman.wire.base import malformed

_decode: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_number: Final = msgspec.json.Decoder(Annotated[int, msgspec.Meta(ge=0)]).decode
_encode: Final = msgspec.json.Encoder().encode


class CountRoute(Protocol):
    """A vendor's route that counts, asked in the wire format that `wire` names."""

    @property
    def wire(self) -> str:
        """The name of the wire format that its questions are written in."""
        ...

    def question(self, path: str, body: bytes) -> tuple[str, bytes]:
        """Give where to ask, below the base URL, and what, for a request as it would be sent."""
        ...

    def count(self, answer: bytes) -> int:
        """Read the number of tokens. Raises `UpstreamError` where there is none."""
        ...


class FieldsRoute(Struct, frozen=True):
    """A route at `path` that takes some fields of a request, and answers a number by name."""

    wire: str
    path: str
    takes: frozenset[str]
    answers: str = "input_tokens"

    def question(self, path: str, body: bytes) -> tuple[str, bytes]:  # noqa: ARG002 - see CountRoute
        """Give the route, and the request with those fields alone that it takes."""
        kept = {name: value for name, value in _decode(body).items() if name in self.takes}
        return self.path, _encode(kept)

    def count(self, answer: bytes) -> int:
        """Read the number of tokens. Raises `UpstreamError` where there is none."""
        return number_in(answer, self.answers)


def number_in(answer: bytes, name: str) -> int:
    """Read a count from the top of a JSON object. Raises `UpstreamError` (`bad_json`)."""
    try:
        number: int = _decode_number(_decode(answer)[name])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
        raise malformed("bad_json", f"there is no number {name!r} in the answer") from error
    return number
