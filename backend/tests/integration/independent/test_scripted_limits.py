"""Too long and too much: rows U36 to U39, U42, U43, U53 and U54, on both wires.

The limits of time are a fraction of the real ones; nothing here depends on how fast a machine is.
"""

import asyncio
import gzip
import socket

import aiohttp
import pytest

from dragoman.services.providers.transport import Timeouts
from dragoman.testing import Script
from dragoman.testing.upstream import streamed

from .asking import Asker
from .conftest import SCALED, environ_for, running_dragoman, scaled_command, watched
from .processes import Memory
from .vendors import BOTH_MODES, BOTH_VENDORS

MIB = 1 << 20
SSE = {"content-type": "text/event-stream"}
JSON = {"content-type": "application/json"}
EVENTS = 100_000


@BOTH_VENDORS
@BOTH_MODES
async def test_u36_silence_before_the_headers_is_a_true_504(asker, upstream, vendor, mode):
    upstream.play(Script(before=30))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (504, "TIMEOUT", "timeout_first_byte")
    await hung_up(upstream)


@BOTH_VENDORS
@BOTH_MODES
async def test_u37_headers_and_then_silence_is_a_true_504(asker, upstream, vendor, mode):
    upstream.play(Script(200, SSE, end="hang"))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (504, "TIMEOUT", "timeout_first_token")
    await hung_up(upstream)


@BOTH_VENDORS
async def test_u37_the_headers_of_a_whole_answer_and_then_silence_is_a_504(asker, upstream, vendor):
    upstream.play(Script(200, JSON, end="hang"))
    answer = await asker.ask(vendor.model, "whole")
    assert answer.outcome == (504, "TIMEOUT", "timeout_first_token")
    await hung_up(upstream)


@BOTH_VENDORS
async def test_u38_silence_in_mid_stream_ends_it_and_keeps_what_was_said(asker, upstream, vendor):
    upstream.play(streamed(vendor.said("Good", " day"), end="hang"))
    answer = await asker.ask(vendor.model, "streamed")
    assert answer.text == "Good day"
    assert answer.outcome == (200, "TIMEOUT", "timeout_idle")
    await hung_up(upstream)


@BOTH_VENDORS
async def test_u39_an_event_that_drips_is_as_good_as_silence(asker, upstream, vendor):
    drops = [bytes([octet]) for octet in vendor.word("x" * 2000)]
    upstream.play(Script(200, SSE, (b"".join(vendor.said("Good")), *drops), pause=0.02))
    answer = await asker.ask(vendor.model, "streamed")
    assert answer.text == "Good"
    assert answer.outcome == (200, "TIMEOUT", "timeout_idle")
    await hung_up(upstream)


@BOTH_VENDORS
async def test_u39_a_reply_without_end_is_ended_by_the_limit_of_it_all(upstream, tmp_path, vendor):
    limits = Timeouts(connect=1.0, first_byte=1.5, first_token=2.0, idle=1.0, total=2.5)
    environ = environ_for(f"{upstream.url}/v1", upstream.url)
    pieces = [b"".join(vendor.said("la")), *[vendor.word("la")] * 600]
    upstream.play(streamed(pieces, pause=0.05))
    with running_dragoman(scaled_command(limits), environ=environ, folder=tmp_path) as dragoman:
        async with watched(dragoman) as asker:
            answer = await asker.ask(vendor.model, "streamed")
            assert answer.outcome == (200, "TIMEOUT", "timeout_total")
            assert answer.text.startswith("lalala")
            await hung_up(upstream)


@BOTH_VENDORS
async def test_u42_a_line_without_end_is_given_up_at_its_limit(dragoman, asker, upstream, vendor):
    line = (b"data: ", *[b"x" * 65536] * 512)
    await warmed_up(asker, upstream, vendor)
    memory = Memory(dragoman.pid)
    upstream.play(Script(200, SSE, (b"".join(vendor.said("Good")), *line)))
    answer = await asker.ask(vendor.model, "streamed")
    assert answer.text == "Good"
    assert answer.outcome == (200, "LLM_ERROR", "event_too_large")
    await hung_up(upstream)
    assert memory.rise < 8 * MIB, memory.rise


@BOTH_VENDORS
@BOTH_MODES
async def test_u43_a_hundred_thousand_events_at_once_arrive_in_order(asker, upstream, vendor, mode):
    words = [f"{number} " for number in range(EVENTS)]
    upstream.play(streamed([b"".join(vendor.stream(words))]))
    asked = asyncio.create_task(asker.ask(vendor.model, mode))
    while not asked.done():
        await asker.get("/health")  # others are served meanwhile
        await asyncio.sleep(0.01)
    answer = asked.result()
    assert answer.text == "".join(words)
    assert answer.status == 200


@BOTH_VENDORS
async def test_a_client_that_reads_slowly_is_not_taken_for_a_silent_vendor(
    dragoman, asker, upstream, vendor
):
    words = [f"{number:>600} " for number in range(20_000)]  # more than any buffer on the way
    upstream.play(streamed([b"".join(vendor.stream(words))]))
    connector = aiohttp.TCPConnector(socket_factory=narrow_socket)
    async with aiohttp.ClientSession(dragoman.address, connector=connector) as session:
        answer = await Asker(session).ask(vendor.model, "streamed", pause=2 * SCALED.idle)
    assert answer.last["type"] == "complete", answer.last
    assert answer.text == "".join(words)


def narrow_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """Make a socket that takes little before somebody reads from it."""
    family, kind, protocol, _, _ = address
    client = socket.socket(family, kind, protocol)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
    return client


@BOTH_VENDORS
@BOTH_MODES
async def test_u53_an_answer_that_unpacks_without_end_is_given_up(
    dragoman, asker, upstream, vendor, mode
):
    bomb = gzip.compress(bytes(50 * MIB))
    await warmed_up(asker, upstream, vendor)
    memory = Memory(dragoman.pid)
    upstream.play(Script(200, {**JSON, "content-encoding": "gzip"}, (bomb,)))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "LLM_ERROR", "decompressed_too_large")
    assert memory.rise < 40 * MIB, memory.rise


@BOTH_VENDORS
async def test_u53_a_stream_that_unpacks_without_end_is_given_up(dragoman, asker, upstream, vendor):
    bomb = gzip.compress(b"".join(vendor.said("Good")) + bytes(50 * MIB))
    await warmed_up(asker, upstream, vendor)
    memory = Memory(dragoman.pid)
    upstream.play(Script(200, {**SSE, "content-encoding": "gzip"}, (bomb,)))
    answer = await asker.ask(vendor.model, "streamed")
    assert (answer.text, answer.outcome) == ("Good", (200, "LLM_ERROR", "event_too_large"))
    assert memory.rise < 40 * MIB, memory.rise


@BOTH_VENDORS
@BOTH_MODES
@pytest.mark.parametrize(
    "headers",
    [{"x-long": "y" * MIB}, {f"x-{number}": "y" * 1000 for number in range(1000)}],
    ids=["one of 1 MiB", "a thousand of 1 KB"],
)
async def test_u54_headers_beyond_measure_are_refused(asker, upstream, vendor, mode, headers):
    upstream.play(Script(200, {**JSON, **headers}, (b"{}",)))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "LLM_ERROR", "bad_headers")


async def warmed_up(asker, upstream, vendor) -> None:
    """Let it do once what it does every time, so that only what is new costs memory."""
    upstream.play(streamed(vendor.stream(["Good"])))
    await asker.ask(vendor.model, "streamed")


async def hung_up(upstream) -> None:
    """See that the connection was closed soon: nothing is paid for that nobody reads."""
    async with asyncio.timeout(2):
        await upstream.closed_by_peer.wait()
