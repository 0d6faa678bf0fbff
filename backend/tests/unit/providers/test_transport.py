"""The only socket, on either client: what is sent, what is refused, what breakages are called."""

import asyncio
import gzip
import socket

import pytest

from dragoman.chat import UpstreamError
from dragoman.services.providers import transport
from dragoman.services.providers.aiohttp_upstream import AiohttpUpstream
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.transport import Timeouts, read_body
from dragoman.testing import Script, scripted_upstream


@pytest.fixture(params=[HttptoolsUpstream, AiohttpUpstream])
async def client(request):
    upstream = request.param(Timeouts(connect=0.5))
    yield upstream
    await upstream.close()


async def fetched(client, url: str) -> tuple[int, bytes]:
    async with client.send("POST", url, headers={"a": "b"}, body=b"{}") as response:
        return response.status, await read_body(response)


async def reason_of(client, url: str) -> str | None:
    with pytest.raises(UpstreamError) as caught:
        await fetched(client, url)
    assert "/secret" not in str(caught.value)
    return caught.value.failure.reason


async def test_a_request_is_sent_as_it_is_and_nothing_is_added(client):
    async with scripted_upstream() as peer:
        peer.play(Script(pieces=(b"one", b"two")))
        assert await fetched(client, f"{peer.url}/x") == (200, b"onetwo")
    (request,) = peer.received
    assert (request.method, request.path, request.body) == ("POST", "/x", b"{}")
    assert set(request.headers) <= {"host", "a", "content-length", "accept-encoding"}


async def test_a_connection_is_used_again(client):
    async with scripted_upstream() as peer:
        peer.play(Script(pieces=(b"x",)))
        for _ in range(3):
            await fetched(client, peer.url)
        assert (len(peer.received), peer.open) == (3, 1)


async def test_leaving_the_context_early_closes_the_connection(client):
    async with scripted_upstream() as peer:
        peer.play(Script(pieces=(b"x",), end="hang"))
        async with client.send("GET", peer.url, headers={}) as response:
            await anext(response.chunks())
        await asyncio.wait_for(peer.closed_by_peer.wait(), 1)


async def test_a_redirect_is_not_followed(client):
    async with scripted_upstream() as peer, scripted_upstream() as trap:
        peer.play(Script(307, {"location": trap.url}))
        status, _ = await fetched(client, peer.url)
        assert (status, trap.received) == (307, [])


@pytest.mark.parametrize(
    ("end", "reason"), [("cut", "premature_close"), ("reset", "connection_reset")]
)
async def test_a_body_that_breaks_off_says_so(client, end, reason):
    async with scripted_upstream() as peer:
        peer.play(Script(pieces=(b"x",), end=end, pause=0.05))
        assert await reason_of(client, f"{peer.url}/secret") in {reason, "premature_close"}


async def test_nobody_listening_is_a_connect_error(client):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert await reason_of(client, f"http://127.0.0.1:{port}/secret") == "connect_error"


async def test_a_name_that_nobody_has_is_a_dns_error(client):
    assert await reason_of(client, "http://nobody.invalid/secret") in {
        "dns_error",
        "timeout_connect",
    }


async def test_no_tls_at_the_other_end_is_a_tls_error(client):
    async with scripted_upstream() as peer:
        url = peer.url.replace("http:", "https:")
        assert await reason_of(client, f"{url}/secret") in {"tls_error", "timeout_connect"}


async def test_a_header_without_end_is_refused(client):
    async with scripted_upstream() as peer:
        peer.play(Script(headers={"x": "y" * (transport.MAX_HEADER + 1000)}))
        assert await reason_of(client, peer.url) == "bad_headers"


async def test_an_answer_without_end_is_refused(client):
    async with scripted_upstream() as peer:
        peer.play(Script(pieces=(b"x" * (1 << 20),) * 17))
        assert await reason_of(client, peer.url) == "body_too_large"


async def test_an_answer_that_unpacks_without_end_is_refused(client):
    async with scripted_upstream() as peer:
        bomb = gzip.compress(bytes(40 << 20))
        peer.play(Script(headers={"content-encoding": "gzip"}, pieces=(bomb,)))
        assert await reason_of(client, peer.url) == "decompressed_too_large"


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(b"said", mtime=0),
        gzip.compress(b"sa", mtime=0) + gzip.compress(b"id", mtime=0),
    ],
)
async def test_an_answer_that_came_packed_is_unpacked(client, packed):
    if isinstance(client, AiohttpUpstream) and packed.count(b"\x1f\x8b") > 1:
        pytest.skip("aiohttp reads the first of several")
    async with scripted_upstream() as peer:
        peer.play(Script(headers={"content-encoding": "gzip"}, pieces=(packed[:9], packed[9:])))
        assert await fetched(client, peer.url) == (200, b"said")


async def test_an_answer_packed_in_a_way_nobody_asked_for_is_refused(client):
    async with scripted_upstream() as peer:
        peer.play(Script(headers={"content-encoding": "own-invention"}, pieces=(b"x",)))
        if isinstance(client, AiohttpUpstream):
            pytest.skip("aiohttp hands it on as it is")
        assert await reason_of(client, peer.url) == "bad_headers"


async def test_whoever_gives_up_waiting_leaves_no_connection_behind(client):
    async with scripted_upstream() as peer:
        peer.play(Script(before=30))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await fetched(client, peer.url)
        await asyncio.wait_for(peer.closed_by_peer.wait(), 1)


async def test_an_answer_is_read_in_pieces_that_are_no_longer_than_allowed(client):
    async with scripted_upstream() as peer:
        peer.play(Script(pieces=(b"x" * (1 << 20),) * 3))
        async with client.send("GET", peer.url, headers={}) as response:
            lengths = [len(piece) async for piece in response.chunks()]
        assert sum(lengths) == 3 << 20
        assert max(lengths) <= transport.MAX_CHUNK


async def test_an_address_that_is_none_is_a_bad_address(client):
    assert await reason_of(client, "ftp://127.0.0.1/secret") == "bad_address"


async def test_a_proxy_is_asked_only_where_that_was_allowed(monkeypatch):
    async with scripted_upstream() as peer, scripted_upstream() as proxy:
        peer.play(Script(pieces=(b"straight",)))
        proxy.play(Script(pieces=(b"by way of",)))
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.2")
        for allowed, said in ((False, b"straight"), (True, b"by way of")):
            upstream = HttptoolsUpstream(Timeouts(connect=0.5), trust_proxies=allowed)
            try:
                assert await fetched(upstream, f"{peer.url}/x") == (200, said)
            finally:
                await upstream.close()
    assert [request.path for request in proxy.received] == [f"{peer.url}/x"]


async def test_a_user_named_in_an_address_is_vouched_for():
    upstream = HttptoolsUpstream(Timeouts(connect=0.5))
    try:
        async with scripted_upstream() as peer:
            peer.play(Script(pieces=(b"x",)))
            await fetched(upstream, peer.url.replace("//", "//somebody:word@"))
    finally:
        await upstream.close()
    assert peer.received[0].headers["authorization"] == "Basic c29tZWJvZHk6d29yZA=="
