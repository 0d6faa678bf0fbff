"""What a client of a vendor's format asks: its body, with what its headers add to it."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from dragoman.api.dialects import Dialect
from dragoman.api.links import check_links
from dragoman.chat import ChatRequest, Extras, InvalidInput, Text
from dragoman.wire.carrying import uncarried

MAX_REQUEST: Final = 32 << 20
"""The longest request, in bytes: pictures and documents travel inside."""

# With these, clients of some gateways choose where a request goes and by whose key; never here.
_REFUSED: Final = ("api_base", "api_key", "base_url", "headers", "extra_headers", "user_config")
_STRICT: Final = b"x-dragoman-strict"
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False, "": False}

RawHeaders = Iterable[tuple[bytes, bytes]]


def read_request(
    dialect: Dialect, body: bytes, headers: RawHeaders, *, strict: bool
) -> ChatRequest:
    """Read a request; `strict` refuses lossy translations whatever the client says.

    Raises `InvalidInput` for what is wrong with it, for what would choose the provider's address or
    key, and for addresses that nobody may be made to fetch.
    """
    request = dialect.wire.read_request(body)
    check_fields(request.extras.fields if request.extras is not None else {})
    if not _is_text(request):
        request = uncarried(request)
        check_links(request)
    own, wants_strict = _own_headers(dialect, headers), _wants_strict(headers) or strict
    if own is None and not wants_strict:
        return request
    return replace(request, headers=own, strict=wants_strict)


def _is_text(request: ChatRequest) -> bool:
    """Tell whether there is nothing in the messages that could hold an address or a seal."""
    return all(type(part) is Text for message in request.messages for part in message.parts)


def check_fields(names: Iterable[str]) -> None:
    """Refuse what would choose the provider's address or key. Raises `InvalidInput`."""
    given = frozenset(names)
    for name in _REFUSED:
        if name in given:
            raise InvalidInput(
                name, "is the operator's to set, and not taken from requests", reason="rejected"
            )


def _own_headers(dialect: Dialect, headers: RawHeaders) -> Extras | None:
    """Give those of the client's headers that its wire's provider understands."""
    found: dict[str, str] = {}
    for raw, value in headers:
        if raw in dialect.raw_headers:
            name, text = raw.decode("latin-1"), value.decode("latin-1")
            found[name] = f"{found[name]},{text}" if name in found else text
    return Extras(dialect.wire.name, found) if found else None


def _wants_strict(headers: RawHeaders) -> bool:
    if _STRICT not in dict(headers):
        return False
    for name, value in headers:
        if name == _STRICT:
            word = value.decode("latin-1").strip().lower()
            if word not in _FLAGS:
                raise InvalidInput(_STRICT.decode(), "must be true or false")
            return _FLAGS[word]
    return False
