"""The mock upstream: two vendors' wire formats, with answers that are always the same.

The model's name says how it answers a request for a stream: `bench-PIECES-GAP`, with GAP
milliseconds between two pieces; with 0, each is sent by itself as soon as the loop comes round.
A request whose question did not arrive whole is answered with 400.

    python -m bench.mock --port 9100
"""

import argparse
import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

import httptools
import msgspec
import uvloop
from msgspec import Struct, field

from bench.content import QUESTION
from bench.upstream_answers import (
    Streamed,
    streamed_chat,
    streamed_message,
    whole_chat,
    whole_message,
)

_MODEL: Final = re.compile(r"bench-(?P<pieces>\d+)-(?P<gap>\d+)")
_QUESTION: Final = QUESTION.encode()
_REASONS: Final = {200: "OK", 400: "Bad Request", 404: "Not Found"}

STREAM_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\nx-request-id: req_harbour\r\ntransfer-encoding: chunked\r\n\r\n"
)


class _StreamOptions(Struct):
    include_usage: bool = False


class _Request(Struct):
    model: str
    stream: bool = False
    stream_options: _StreamOptions = field(default_factory=_StreamOptions)


_request: Final = msgspec.json.Decoder(_Request)


def whole(status: int, body: bytes) -> bytes:
    """Give an answer in one piece."""
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: application/json\r\n"
        f"x-request-id: req_harbour\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def chunk(text: bytes) -> bytes:
    """Give one chunk of a body of unknown length."""
    return b"%x\r\n%b\r\n" % (len(text), text)


def _complaint(status: int, message: str) -> bytes:
    return whole(status, msgspec.json.encode({"error": {"message": message, "type": "bench"}}))


class MockConnection(asyncio.Protocol):
    """One connection of a gateway."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""
        self._body = b""
        self._rest: Iterator[bytes] = iter(())
        self._next: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # of TCP
        """Begin."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """End; what was to be said is not."""
        if self._next is not None:
            self._next.cancel()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._path = self._body = b""

    def on_url(self, url: bytes) -> None:
        """Take the path."""
        self._path += url

    def on_body(self, body: bytes) -> None:
        """Take some of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer."""
        answer = _ANSWERS.get(self._path)
        if answer is None:
            self._transport.write(_complaint(404, "no such path"))
            return
        try:
            request = _request.decode(self._body)
        except msgspec.DecodeError as error:
            self._transport.write(_complaint(400, str(error)))
            return
        named = _MODEL.search(request.model)
        if named is None or _QUESTION not in self._body:
            self._transport.write(_complaint(400, "no model of ours, or not the whole question"))
            return
        said = answer(request, int(named["pieces"]))
        if isinstance(said, bytes):
            self._transport.write(whole(200, said))
        else:
            self._stream(said, int(named["gap"]) / 1000)

    def _stream(self, said: Streamed, gap: float) -> None:
        self._transport.write(STREAM_HEAD + chunk(said.opening))
        self._rest = iter((*map(chunk, said.pieces), chunk(said.closing) + b"0\r\n\r\n"))
        if gap:
            self._paced(self._loop.time() + gap, gap)
        else:
            self._next = self._loop.call_soon(self._burst)

    def _burst(self) -> None:
        """Send one piece a turn of the loop, so that each is a segment of its own."""
        for text in self._rest:
            self._transport.write(text)
            self._next = self._loop.call_soon(self._burst)
            return

    def _paced(self, due: float, gap: float) -> None:
        self._next = self._loop.call_at(due, self._say, due, gap)

    def _say(self, due: float, gap: float) -> None:
        for text in self._rest:
            self._transport.write(text)
            self._paced(due + gap, gap)
            return


def _chat(request: _Request, pieces: int) -> bytes | Streamed:
    if request.stream:
        usage = request.stream_options.include_usage
        return streamed_chat(request.model, pieces, usage=usage)
    return whole_chat(request.model)


def _message(request: _Request, pieces: int) -> bytes | Streamed:
    if request.stream:
        return streamed_message(request.model, pieces)
    return whole_message(request.model)


_ANSWERS: Final[dict[bytes, Callable[[_Request, int], bytes | Streamed]]] = {
    b"/v1/chat/completions": _chat,
    b"/v1/messages": _message,
}


async def listen(port: int) -> asyncio.Server:
    """Listen on 127.0.0.1; with port 0, on a free one."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: MockConnection(loop), "127.0.0.1", port, backlog=4096)


async def _main(port: int) -> None:
    server = await listen(port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m bench.mock", description="A mock upstream.")
    options.add_argument("--port", type=int, default=0, help="0 takes a free one, and prints it")
    with suppress(KeyboardInterrupt):
        uvloop.run(_main(options.parse_args().port))
