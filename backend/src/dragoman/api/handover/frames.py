"""What two workers say to each other: frames of a kind, a length and as many bytes.

    gateway:  ASK  BODY*  BODY_END                 hanging up: the client is gone
    owner:    TAKEN  START  PART*  END             hanging up before END: the answer broke off

One request is one connection. Both ends are the same program, so nothing here has a version.
"""

import asyncio
from enum import IntEnum
from struct import Struct as Layout
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from dragoman.api.errors import Message, Scope

_HEAD: Final = Layout("!BI")
RawHeaders = list[tuple[bytes, bytes]]


class Kind(IntEnum):
    """What a frame says."""

    ASK = 1
    BODY = 2
    BODY_END = 3
    TAKEN = 4
    START = 5
    PART = 6
    END = 7


class Frame(NamedTuple):
    """One of them, as it was read."""

    kind: Kind
    payload: bytes


class Asked(Struct, frozen=True, array_like=True):
    """The head of a request: what of ASGI's scope is not the same for every one."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    version: str
    headers: RawHeaders
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None


class Begun(Struct, frozen=True, array_like=True):
    """The head of an answer."""

    status: int
    headers: RawHeaders


_write_head: Final = msgspec.msgpack.Encoder().encode
_read_asked: Final = msgspec.msgpack.Decoder(Asked).decode
_read_begun: Final = msgspec.msgpack.Decoder(Begun).decode


def frame(kind: Kind, payload: bytes = b"") -> bytes:
    """Write a frame."""
    return _HEAD.pack(kind, len(payload)) + payload


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """Read a frame, `None` where the other end has hung up, in the middle of one too."""
    try:
        kind, length = _HEAD.unpack(await reader.readexactly(_HEAD.size))
        return Frame(Kind(kind), await reader.readexactly(length) if length else b"")
    except (asyncio.IncompleteReadError, OSError):
        return None


def ask(scope: Scope) -> bytes:
    """Write the head of a request from its scope."""
    asked = Asked(
        method=scope["method"],
        path=scope["path"],
        raw_path=scope["raw_path"],
        query=scope["query_string"],
        version=scope["http_version"],
        headers=[(name, value) for name, value in scope["headers"]],
        client=scope.get("client"),
        server=scope.get("server"),
    )
    return frame(Kind.ASK, _write_head(asked))


def scope_of(payload: bytes) -> Scope:
    """Make the scope of a request that was asked."""
    asked = _read_asked(payload)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": asked.version,
        "method": asked.method,
        "scheme": "http",
        "path": asked.path,
        "raw_path": asked.raw_path,
        "query_string": asked.query,
        "root_path": "",
        "headers": asked.headers,
        "client": asked.client,
        "server": asked.server,
        "state": {},
    }


def body_frame(message: Message) -> bytes:
    """Write a piece of a request's body."""
    kind = Kind.BODY if message.get("more_body", False) else Kind.BODY_END
    return frame(kind, message.get("body", b""))


def body_message(read: Frame) -> Message:
    """Read a piece of a request's body."""
    more = read.kind is Kind.BODY
    return {"type": "http.request", "body": read.payload, "more_body": more}


def answer_frame(message: Message) -> bytes:
    """Write what an application says."""
    if message["type"] == "http.response.start":
        begun = Begun(message["status"], [(name, value) for name, value in message["headers"]])
        return frame(Kind.START, _write_head(begun))
    kind = Kind.PART if message.get("more_body", False) else Kind.END
    return frame(kind, message.get("body", b""))


def answer_message(read: Frame) -> Message:
    """Read what an application said."""
    if read.kind is Kind.START:
        begun = _read_begun(read.payload)
        return {
            "type": "http.response.start",
            "status": begun.status,
            "headers": begun.headers,
        }
    more = read.kind is Kind.PART
    return {"type": "http.response.body", "body": read.payload, "more_body": more}
