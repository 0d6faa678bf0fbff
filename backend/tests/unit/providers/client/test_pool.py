"""Connections: kept, given up, gone when they are needed, and hard to make."""

import asyncio
import gc
import socket
import weakref
from contextlib import asynccontextmanager

import pytest

from dragoman.chat import UpstreamError
from dragoman.services.providers.client.addresses import Place
from dragoman.services.providers.client.names import Names
from dragoman.services.providers.client.pool import Pool
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.transport import Timeouts, read_body
from dragoman.testing import Script, scripted_upstream

from .places import silent

WHOLE = Script(pieces=(b"{}",))
GOES = Script(raw=True, end="cut")
GOES_IN_MID_WORD = Script(raw=True, pieces=(b"HTTP/1.1 2",), end="cut")
GOES_AFTERWARDS = Script(
    raw=True,
    pieces=(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",),
    end="cut",
)


@pytest.fixture
async def client():
    upstream = HttptoolsUpstream(Timeouts(connect=0.7))
    yield upstream
    await upstream.close()


async def asked(client, url: str) -> bytes:
    async with client.send("POST", url, headers={}, body=b"{}") as answer:
        return await read_body(answer)


async def test_u52_a_connection_that_is_gone_as_it_is_used_again_costs_nothing(client):
    async with scripted_upstream() as peer:
        peer.play(WHOLE, GOES, WHOLE)
        assert [await asked(client, peer.url) for _ in range(2)] == [b"{}"] * 2
        assert (len(peer.received), client.asked_again) == (3, 1)


async def test_u52_it_is_asked_once_more_and_no_more(client):
    async with scripted_upstream() as peer:
        peer.play(WHOLE, GOES)
        await asked(client, peer.url)
        with pytest.raises(UpstreamError, match="premature close"):
            await asked(client, peer.url)
        assert (len(peer.received), client.asked_again) == (3, 1)


async def test_u52_a_new_connection_that_goes_is_no_old_one(client):
    async with scripted_upstream() as peer:
        peer.play(GOES)
        with pytest.raises(UpstreamError, match="premature close"):
            await asked(client, peer.url)
        assert (len(peer.received), client.asked_again) == (1, 0)


async def test_u52_nothing_is_asked_again_of_whom_a_byte_was_heard(client):
    async with scripted_upstream() as peer:
        peer.play(WHOLE, GOES_IN_MID_WORD)
        await asked(client, peer.url)
        with pytest.raises(UpstreamError, match="premature close"):
            await asked(client, peer.url)
        assert (len(peer.received), client.asked_again) == (2, 0)


async def test_a_server_that_goes_after_each_answer_is_asked_all_the_same(client):
    async with scripted_upstream() as peer:
        peer.play(GOES_AFTERWARDS)
        for _ in range(5):
            assert await asked(client, peer.url) == b"{}"
        for _ in range(5):
            assert await asked(client, peer.url) == b"{}"
            await asyncio.sleep(0.02)  # time to notice that it is gone
        assert len(peer.received) <= 10 + client.asked_again


async def test_what_was_used_last_is_used_next_and_the_rest_is_given_up(client):
    async with scripted_upstream() as peer:
        peer.play(Script(pieces=(b"x",), before=0.02))
        await asyncio.gather(*(asked(client, peer.url) for _ in range(5)))
        assert peer.open == 5
        await asked(client, peer.url)
        assert (peer.open, len(peer.received)) == (5, 6)


@asynccontextmanager
async def pool(*, idle=60.0, names=None):
    made = Pool(0.7, idle=idle, names=names)
    try:
        yield made
    finally:
        await made.close()


async def test_a_connection_that_nobody_uses_is_given_up():
    async with scripted_upstream() as peer, pool(idle=0.05) as connections:
        place = Place("127.0.0.1", peer.port, secure=False)
        connection = await connections.connect(place, "here")
        asking = asyncio.create_task(
            connection.ask(b"GET / HTTP/1.1\r\ncontent-length: 0\r\n\r\n", b"")
        )
        peer.play(WHOLE)
        await asking
        while not connection.ended:
            await connection.news()
        connections.give_back(connection)
        assert list(connections.kept_for(place)) == [connection]
        for _ in range(200):
            if peer.open:
                await asyncio.sleep(0.01)
        assert not peer.open
        assert connections.take(connections.kept_for(place)) is None


async def test_u50_an_address_that_does_not_answer_is_a_connection_that_takes_too_long():
    with silent() as (host, port):
        async with pool() as connections:
            with pytest.raises(UpstreamError) as caught:
                await connections.connect(Place(host, port, secure=False), "there")
    assert caught.value.failure.reason == "timeout_connect"


async def test_u51_an_address_that_does_not_answer_holds_no_other_up():
    class TwoAddresses:
        async def addresses(self, host, port):
            return [
                (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)
                for address in (dead, ("127.0.0.1", peer.port))
            ]

        async def close(self) -> None:
            pass

    with silent() as dead:
        async with scripted_upstream() as peer, pool(names=TwoAddresses()) as connections:
            connection = await connections.connect(Place("two.example", 80, secure=False), "two")
            assert connection.is_open


async def test_a_name_is_asked_for_once_at_a_time():
    asked_for = []

    async def getaddrinfo(host, port, *, type):  # noqa: A002 - its name
        asked_for.append(host)
        await asyncio.sleep(0.01)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    names = Names(getaddrinfo)
    found = await asyncio.gather(*(names.addresses("a.example", 80) for _ in range(20)))
    await names.addresses("a.example", 80)
    assert asked_for == ["a.example"]
    assert {addresses[0][4] for addresses in found} == {("127.0.0.1", 80)}
    await names.close()


async def test_whoever_gives_up_asking_for_a_name_takes_nobody_along():
    async def getaddrinfo(host, port, *, type):  # noqa: A002 - its name
        await answered.wait()
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    answered, names = asyncio.Event(), Names(getaddrinfo)
    asking = [asyncio.create_task(names.addresses("a.example", 80)) for _ in range(2)]
    await asyncio.sleep(0)
    asking[0].cancel()
    await asyncio.sleep(0)
    answered.set()
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError, socket.gaierror]
    asking_again = asyncio.create_task(names.addresses("a.example", 80))
    answered.clear()
    await asyncio.sleep(0)
    await names.close()
    with pytest.raises(ConnectionAbortedError):
        await asking_again


async def test_a_closed_client_makes_no_connection(client):
    async with scripted_upstream() as peer:
        peer.play(WHOLE)
        await asked(client, peer.url)
        await client.close()
        with pytest.raises(UpstreamError, match="closed"):
            await asked(client, peer.url)


async def test_closing_ends_what_is_under_way(client):
    async with scripted_upstream() as peer:
        peer.play(Script(pieces=(b"x",), end="hang"))
        async with client.send("GET", peer.url, headers={}) as answer:
            assert await answer.read() == b"x"
            await client.close()
            with pytest.raises(UpstreamError, match="premature close"):
                await answer.read()


CUT = Script(pieces=(b"{",), end="cut")


@pytest.mark.parametrize("script", [GOES, CUT])
async def test_a_breakage_is_held_by_nobody(client, script):
    gc.disable()
    try:
        async with scripted_upstream() as peer:
            peer.play(script)
            try:
                await asked(client, peer.url)
            except UpstreamError as error:
                told = weakref.ref(error)
            assert told() is None
    finally:
        gc.enable()


async def test_what_was_said_to_an_address_is_soon_forgotten():
    upstream = HttptoolsUpstream(Timeouts(), remembered=0.02)
    try:
        async with scripted_upstream() as peer:
            peer.play(WHOLE)
            for _ in range(2):
                assert await asked(upstream, peer.url) == b"{}"
                assert upstream._routes
                await asyncio.sleep(0.05)
                assert not upstream._routes
    finally:
        await upstream.close()
