"""A value that must not be seen: it can be sent to its provider, and printed nowhere."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from itertools import chain
from operator import attrgetter
from typing import Final, NoReturn, Self
from urllib.parse import quote

MASK: Final = "**********"

# Anything shorter is no key, and taking it out would garble honest text.
_SHORTEST: Final = 8


class Secret:
    """A key or a token. It is compared and carried like a string, and shown as a row of stars.

    `repr`, `str`, `format`, `%` and tracebacks show `MASK`; encoders of JSON refuse it; a pickle
    leaves the value behind. Only `reveal` gives it.
    """

    # The spellings are kept here, and in no cache: they go when the secret goes.
    __slots__ = ("_spellings", "_value")
    _spellings: tuple[str, ...]
    _value: str | None

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)
        object.__setattr__(self, "_spellings", _spellings(value))

    def reveal(self) -> str:
        """Give the value itself. Raises `ValueError` for a secret that was pickled."""
        if self._value is None:
            raise ValueError("this secret was pickled, and its value was left behind on purpose")
        return self._value

    @property
    def fingerprint(self) -> str:
        """The first 8 hexadecimal digits of the value's SHA-256: tells keys apart in a log."""
        return hashlib.sha256(self._octets()).hexdigest()[:8]

    def _octets(self) -> bytes:
        return (self._value or "").encode("utf-8", "surrogatepass")

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        if self._value is None or other._value is None:
            return self is other
        return hmac.compare_digest(self._octets(), other._octets())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a secret cannot be changed")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> tuple[object, tuple[()]]:
        return _left_behind, ()


def _left_behind() -> Secret:
    empty = Secret.__new__(Secret)
    object.__setattr__(empty, "_value", None)
    object.__setattr__(empty, "_spellings", ())
    return empty


def mask(text: str, secrets: Iterable[Secret]) -> str:
    """Put `MASK` where one of the secrets stands in the text.

    It is found plain, escaped as in JSON or a `repr`, URL-encoded and in base64. Values shorter
    than 8 characters are left alone: they are no keys.
    """
    # The longest first, or the rest of a longer one would stay behind a shorter one.
    for spelling in sorted(chain.from_iterable(map(_ALL, secrets)), key=len, reverse=True):
        text = text.replace(spelling, MASK)
    return text


_ALL: Final[Callable[[Secret], tuple[str, ...]]] = attrgetter("_spellings")


def _spellings(value: str) -> tuple[str, ...]:
    if len(value) < _SHORTEST:
        return ()
    octets = value.encode("utf-8", "surrogatepass")
    found = (
        value,
        repr(value)[1:-1],
        json.dumps(value)[1:-1],
        quote(octets, safe=""),
        base64.b64encode(octets).decode(),
        base64.urlsafe_b64encode(octets).decode(),
    )
    return tuple(dict.fromkeys(found))  # most keys look the same in most of them
