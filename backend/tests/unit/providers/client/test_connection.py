"""One connection: what is refused, what waits, and what is left of it afterwards."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.chat import UpstreamError
from dragoman.services.providers.client.connection import MAX_FIELDS
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.transport import MAX_CHUNK, MAX_HEADER, Timeouts, read_body

from .line import connected, cut, exchange, heard

OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"content-length: 2\r\n\r\n{}"
MANY = b"".join(b"x%d: y\r\n" % number for number in range(MAX_FIELDS + 1))
LONG = b"x: " + b"y" * MAX_HEADER + b"\r\n"

REFUSED = {
    "both framings": OK + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
    "the other way round": OK + b"transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n",
    "two lengths": OK + b"content-length: 2\r\ncontent-length: 2\r\n\r\n{}",
    "a negative length": OK + b"content-length: -2\r\n\r\n{}",
    "a length beyond measure": OK + b"content-length: 99999999999999999999999\r\n\r\n{}",
    "an unknown transfer encoding": OK + b"transfer-encoding: gzip\r\n\r\n{}",
    "one before the chunks": OK + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a broken size": OK + b"transfer-encoding: chunked\r\n\r\n2x\r\n{}\r\n0\r\n\r\n",
    "a negative size": OK + b"transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "a size beyond measure": OK + b"transfer-encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n",
    "a piece longer than its size": OK + b"transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
    "an encoding nobody asked for": OK + b"content-encoding: br\r\ncontent-length: 1\r\n\r\n{",
    "a folded header": OK + b"x: a\r\n b\r\n\r\n",
    "a header too many": OK + MANY + b"content-length: 0\r\n\r\n",
    "a head too long": OK + LONG + b"content-length: 0\r\n\r\n",
    "heads without end": b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_HEADER // 25 + 2),
    "a size without end": OK + b"transfer-encoding: chunked\r\n\r\n1;" + b"x" * 2 * MAX_HEADER,
    "trailers without end": OK + b"transfer-encoding: chunked\r\n\r\n0\r\n" + LONG * 2,
}


@pytest.mark.parametrize("length", [1 << 20, 4096])
@pytest.mark.parametrize("spoken", REFUSED)
def test_it_is_refused_at_once_and_without_waiting_for_more(spoken, length):
    octets = REFUSED[spoken]
    said = heard(cut(octets, range(0, len(octets), length)), "stays")
    if said is None:  # what looked like more to come was not too long yet, in one go
        said = heard([octets, b"\r\n" + b"x" * 70], "stays")
    assert said is not None
    assert said.reason == "bad_headers"


EMPTY = {
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n",
    "no length": OK + b"content-length: 0\r\n\r\n",
}


@pytest.mark.parametrize("spoken", EMPTY)
def test_an_answer_may_have_no_body(spoken):
    said = heard([EMPTY[spoken]], "stays")
    assert said is not None
    assert (said.body, said.reason, said.stays) == (b"", None, True)


GOES = {
    "says so": OK + b"connection: close\r\ncontent-length: 2\r\n\r\n{}",
    "is of another age": b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    "changes the protocol": b"HTTP/1.1 101 Other\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n{}",
    "says more": WHOLE + b"{}",
}


@pytest.mark.parametrize("spoken", GOES)
def test_a_connection_is_not_kept_whose_server(spoken):
    said = heard([GOES[spoken]], "stays")
    assert said is not None
    assert (said.reason, said.stays) == (None, False)


async def test_whoever_reads_slowly_holds_the_other_side_up():
    connection, line = connected()
    asking = asyncio.create_task(exchange(connection).__aenter__())
    await asyncio.sleep(0)
    connection.data_received(OK + b"content-length: 1000000\r\n\r\n")
    answer = await asking
    taken = 0
    while not line.is_paused:
        connection.data_received(b"x" * 30_000)
        taken += 30_000
    assert taken <= 4 * MAX_CHUNK
    while taken:
        chunk = await answer.read()
        assert len(chunk) <= MAX_CHUNK
        taken -= len(chunk)
    assert not line.is_paused


async def test_what_comes_unasked_closes_the_connection():
    connection, line = connected()
    connection.data_received(WHOLE)
    assert line.is_closing()
    connection.connection_lost(None)
    with pytest.raises(UpstreamError, match="premature close"):
        await connection.ask(b"", b"")


async def test_giving_up_closes_the_connection():
    connection, line = connected()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await connection.ask(b"", b"")
    assert line.is_closing()


async def test_an_answer_cannot_be_read_when_its_connection_may_have_the_next():
    connection, _ = connected()
    asking = asyncio.create_task(exchange(connection).__aenter__())
    await asyncio.sleep(0)
    connection.data_received(WHOLE)
    answer = await asking
    await answer.__aexit__(None, None, None)
    with pytest.raises(RuntimeError):
        await answer.read()


@asynccontextmanager
async def deaf_after(said: bytes):
    """Say something and end there, when a request begins; nothing more of it is ever read."""
    heard_all = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.write_eof()
        await heard_all.wait()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        heard_all.set()


@pytest.mark.parametrize(
    ("said", "reason"), [(OK + b"\r\nno", None), (OK, "premature_close"), (b"", "premature_close")]
)
async def test_whoever_ends_before_the_question_does_is_not_waited_for(said, reason):
    client, told = HttptoolsUpstream(Timeouts()), None
    async with deaf_after(said) as url, asyncio.timeout(5):
        try:
            async with client.send("POST", url, headers={}, body=bytes(32 << 20)) as answer:
                assert await read_body(answer) == b"no"
        except UpstreamError as error:
            told = error.failure.reason
        await client.close()
    assert told == reason


NAMES = st.text("aBc-1", max_size=4).map("x-{}".format)
VALUES = st.binary(max_size=8).map(
    lambda octets: bytes(o for o in octets if o >= 0x20 and o != 0x7F)
)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_headers_are_read_as_each_of_them_says(fields):
    head = b"".join(b"%b: %b\r\n" % (name.encode(), value) for name, value in fields.items())
    said = heard([OK + head + b"content-length: 0\r\n\r\n"], "stays")
    assert said is not None
    told = {
        name.lower(): value.lstrip(b" ").decode(errors="replace") for name, value in fields.items()
    }
    assert said.headers == told | {"content-length": "0"}


def test_an_answer_may_have_no_headers():
    said = heard([b"HTTP/1.0 200 OK\r\n\r\n{}"], "closed")
    assert said is not None
    assert (said.headers, said.body, said.reason) == ({}, b"{}", None)
