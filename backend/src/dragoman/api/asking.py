"""What a client of a vendor's format asks: its body, with what its headers add to it."""

from collections.abc import Collection
from itertools import chain
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from dragoman.api.dialects import Dialect
from dragoman.api.headers import Told
from dragoman.api.links import check_links
from dragoman.chat import ChatRequest, Extras, InvalidInput, Text
from dragoman.wire.carrying import uncarried

MAX_REQUEST: Final = 32 << 20
"""The longest request, in bytes: pictures and documents travel inside."""

# With these, clients of some gateways choose where a request goes and by whose key; never here.
_REFUSED: Final = ("api_base", "api_key", "base_url", "headers", "extra_headers", "user_config")
_REFUSED_NAMES: Final = frozenset(_REFUSED)
_TEXT: Final = frozenset({Text})
_parts_of: Final = attrgetter("parts")
_STRICT: Final = b"x-dragoman-strict"
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False, "": False}


def read_request(dialect: Dialect, body: bytes, told: Told, *, strict: bool) -> ChatRequest:
    """Read a request; `told` are the headers beside it.

    `strict` refuses lossy translations whatever the client says.

    Raises `InvalidInput` for what is wrong with it, for what would choose the provider's address or
    key, and for addresses that nobody may be made to fetch.
    """
    request = dialect.wire.read_request(body)
    check_fields(request.extras.fields if request.extras is not None else {})
    if not _is_text(request):
        request = uncarried(request)
        check_links(request)
    own = _own_headers(dialect, told)
    strict = _wants_strict(told) or strict
    if own is None and not strict:
        return request
    return replace(request, headers=own, strict=strict)


def _is_text(request: ChatRequest) -> bool:
    """Tell whether there is nothing in the messages that could hold an address or a seal."""
    return _TEXT.issuperset(map(type, chain.from_iterable(map(_parts_of, request.messages))))


def check_fields(names: Collection[str]) -> None:
    """Refuse what would choose the provider's address or key. Raises `InvalidInput`."""
    if _REFUSED_NAMES.isdisjoint(names):
        return
    given = frozenset(names)
    name = next(name for name in _REFUSED if name in given)
    raise InvalidInput(
        name, "is the operator's to set, and not taken from requests", reason="rejected"
    )


def _own_headers(dialect: Dialect, told: Told) -> Extras | None:
    """Give those of the client's headers that its wire's provider understands."""
    if dialect.raw_headers.isdisjoint(told):
        return None
    own = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in told.items()
        if name in dialect.raw_headers
    }
    return Extras(dialect.wire.name, own)


def _wants_strict(told: Told) -> bool:
    if _STRICT not in told:
        return False
    word = told[_STRICT].decode("latin-1").strip().lower()
    if word not in _FLAGS:
        raise InvalidInput(_STRICT.decode(), "must be true or false")
    return _FLAGS[word]
