"""A request's body: read within bounds, and decoded without surprises."""

import json
import math
import re
from collections.abc import Iterator
from itertools import chain
from typing import Final, NoReturn

from dragoman.api.errors import Receive, Scope
from dragoman.api.headers import told_in
from dragoman.api.relay import ClientGone
from dragoman.chat import InvalidInput, Json

MAX_BODY: Final = 1 << 20
"""The longest body read where a route does not say otherwise, in bytes."""

MAX_DEPTH: Final = 32
"""How deep arrays and objects may stand in one another."""

_INTEGERS: Final = range(-(1 << 63), 1 << 63)
_LONGEST_INTEGER: Final = len(str(_INTEGERS.start))
_LONGEST_QUOTE: Final = 40

_JSON_TYPE: Final = re.compile(r"application/(?:[\w!#$&^.-]+\+)?json", re.IGNORECASE | re.ASCII)
_CONTAINERS: Final = (dict, list)
_UTF_8: Final = frozenset({"utf-8", "utf8"})
_BOM: Final = b"\xef\xbb\xbf"

# Only an escape can bring these into a string: raw, the one is a control character, which JSON
# forbids, and the other is no UTF-8. Most bodies have neither, and are not walked through.
_SUSPECT: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNFIT: Final = re.compile("[\x00\ud800-\udfff]")
_UNFIT_PROBLEM: Final = "must not have a NUL character or half of a surrogate pair in it"


async def read_body(scope: Scope, receive: Receive, *, limit: int = MAX_BODY) -> bytes:
    """Read a body of JSON, at most `limit` bytes.

    Raises `InvalidInput` with 415 for another type, charset or any encoding of the content, with
    413 as soon as the body is known to be too long, and `ClientGone` if the client leaves.
    """
    told = told_in(scope)
    if told.get(b"content-type") != b"application/json":
        _check_type(told.get(b"content-type", b"").decode("latin-1"))
    if b"content-encoding" in told and told[b"content-encoding"].strip().lower() != b"identity":
        raise InvalidInput(
            "content-encoding",
            "send the body as it is, uncompressed",
            status=415,
            reason="bad_encoding",
        )
    declared = told.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limit:
        raise _too_long(limit)
    pieces, length = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone("client_gone")
        piece = message.get("body", b"")
        pieces.append(piece)
        length += len(piece)
        if length > limit:
            raise _too_long(limit)
        if not message.get("more_body", False):
            return b"".join(pieces)


def _check_type(content_type: str) -> None:
    essence, *parameters = content_type.split(";")
    if not _JSON_TYPE.fullmatch(essence.strip()):
        raise _wrong_type("must be application/json")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in _UTF_8:
            raise _wrong_type("the charset must be utf-8")


def _wrong_type(problem: str) -> InvalidInput:
    return InvalidInput("content-type", problem, status=415, reason="bad_content_type")


def _too_long(limit: int) -> InvalidInput:
    problem = f"must be at most {limit:,} bytes long"
    return InvalidInput("body", problem, status=413, reason="body_too_large")


def decode_json(body: bytes) -> object:
    """Decode JSON that means the same to everybody, and that everything behind us can store.

    Raises `InvalidInput` with 400 for what is not JSON in UTF-8 (a byte order mark is let pass),
    for a key that stands twice in an object, an infinite number, an integer beyond 64 bits, or
    nesting beyond 32 levels; with 422 and the place for a string with a NUL or a lone surrogate.
    """
    try:
        text = body.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        raise InvalidInput("body", f"is not UTF-8 (byte {error.start})") from None
    if not text or text.isspace():
        raise InvalidInput("body", "is empty: send JSON")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidInput("body", f"is not JSON: {error.msg} ({place})") from None
    except RecursionError:
        raise _too_deep() from None
    # Nothing is deeper than it has brackets, those in its strings included.
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        _check_depth(value)
    if _SUSPECT.search(body):
        for path, string in _strings(value, ""):
            if _UNFIT.search(string):
                raise InvalidInput(path or "body", _UNFIT_PROBLEM, status=422)
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidInput("body", f"the key {_quoted(key)} stands twice in an object")
            seen.add(key)
    return fields


def _integer(digits: str) -> int:
    # Measured before it is converted: the work grows with the square of the length.
    if len(digits) > _LONGEST_INTEGER or (number := int(digits)) not in _INTEGERS:
        raise InvalidInput("body", f"the integer {_quoted(digits)} is beyond 64 bits")
    return number


def _real(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise InvalidInput("body", f"the number {_quoted(digits)} is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise InvalidInput("body", f"{name} is no number in JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_real, parse_constant=_constant
)


def _check_depth(value: Json) -> None:
    level = [value] if isinstance(value, _CONTAINERS) else []
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        children = chain.from_iterable(
            node.values() if isinstance(node, dict) else node for node in level
        )
        level = [child for child in children if isinstance(child, _CONTAINERS)]


def _too_deep() -> InvalidInput:
    return InvalidInput("body", f"is nested more than {MAX_DEPTH} levels deep", reason="json_depth")


def _strings(value: Json, path: str) -> Iterator[tuple[str, str]]:
    """Give every string of a value, keys too, and where it stands."""
    match value:
        case str():
            yield path, value
        case list():
            for index, item in enumerate(value):
                yield from _strings(item, f"{path}[{index}]")
        case dict():
            for key, item in value.items():
                yield path, key
                yield from _strings(item, f"{path}.{key}" if path else key)
        case _:
            pass


def _quoted(word: str) -> str:
    short = word if len(word) <= _LONGEST_QUOTE else f"{word[:_LONGEST_QUOTE]}…"
    return repr(short)
