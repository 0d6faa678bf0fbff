import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from structlog.testing import capture_logs
from uvicorn.server import ServerState

from dragoman.api.protocol import EdgeLimits, EdgeProtocol, edge_protocol
from tests.support.lines import Line

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def silent(scope: Any, receive: Any, send: Any) -> None:
    await receive()


Connect = Callable[..., tuple[EdgeProtocol, Line]]


@pytest.fixture
async def connect() -> Any:
    """Make connections to one server."""
    state = ServerState()
    config = uvicorn.Config(silent, log_config=None, ws="none")
    made: list[tuple[EdgeProtocol, Line]] = []

    def connect(
        line: Line | None = None, limits: EdgeLimits | None = None
    ) -> tuple[EdgeProtocol, Line]:
        kind = edge_protocol(limits or EdgeLimits())
        made.append((kind(config, state, {}, asyncio.get_running_loop()), line or Line()))
        made[-1][0].connection_made(made[-1][1])
        return made[-1]

    yield connect
    for protocol, _ in made:
        protocol.connection_lost(None)
    await asyncio.gather(*state.tasks)


async def test_a_refusal_is_one_line_in_the_log_without_what_was_sent(connect: Connect):
    protocol, line = connect()

    with capture_logs() as logs:
        protocol.data_received(b"secret " * 10_000)
        protocol.data_received(b"secret")

    assert [(entry["event"], entry["status"], entry["reason"]) for entry in logs] == [
        ("refused", 400, "bad_request")
    ]
    assert logs[0]["client"] == "127.0.0.1"
    assert logs[0]["request_id"].encode() in line.heard
    assert "secret" not in str(logs)


async def test_a_fault_at_the_very_end_of_the_measure_is_told_once(connect: Connect):
    protocol, line = connect()

    with capture_logs() as logs:
        protocol.data_received(b"GET / HTTP/1.1\r\n" + b"x" * (16_384 - 17) + b"\n")

    assert len(logs) == 1
    assert line.heard.count(b"HTTP/1.1 400 ") == 1


async def test_one_address_may_have_only_so_many_connections(connect: Connect):
    few = EdgeLimits(connections_per_address=2)
    neighbours = [connect(Line("192.0.2.1"), few)[1] for _ in range(3)]
    other = connect(Line("192.0.2.2"), few)[1]

    assert [line.heard[:12] for line in neighbours] == [b"", b"", b"HTTP/1.1 429"]
    assert b"retry-after: 1\r\n" in neighbours[2].heard
    assert b'"reason":"too_many_connections"' in neighbours[2].heard
    assert other.heard == b""


async def test_a_connection_that_ended_makes_room(connect: Connect):
    one = EdgeLimits(connections_per_address=1)
    first, _ = connect(Line("192.0.2.1"), one)
    first.connection_lost(None)

    assert connect(Line("192.0.2.1"), one)[1].heard == b""


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1"])
async def test_this_machine_may_have_as_many_as_there_are(connect: Connect, address: str):
    few = EdgeLimits(connections_per_address=2)

    assert [connect(Line(address), few)[1].heard for _ in range(5)] == [b""] * 5


async def test_a_crowd_twice_too_large_is_told_nothing(connect: Connect):
    limits = EdgeLimits(connections=1)
    lines = [connect(limits=limits)[1] for _ in range(3)]

    assert [line.heard[:12] for line in lines] == [b"", b"HTTP/1.1 503", b""]
    assert lines[2].ended == ["aborted"]


async def test_a_refused_client_is_listened_to_for_a_while(connect: Connect):
    protocol, line = connect(limits=EdgeLimits(linger_time=0.05))

    protocol.data_received(b"nonsense\r\n")
    assert line.ended == ["half"]

    await asyncio.sleep(0.1)
    assert line.ended == ["half", "closed"]


async def test_a_line_that_closes_only_as_a_whole_is_closed(connect: Connect):
    protocol, line = connect(Line(half_closes=False))

    protocol.data_received(b"nonsense\r\n")

    assert line.heard.startswith(b"HTTP/1.1 400 ")
    assert line.ended == ["closed"]


async def test_after_its_end_a_connection_leaves_no_clock_running(connect: Connect):
    protocol, line = connect(limits=EdgeLimits(head_time=0.02, linger_time=0.02))
    protocol.data_received(b"GET")
    protocol.connection_lost(ConnectionResetError())

    await asyncio.sleep(0.06)

    assert (line.heard, line.ended) == (b"", [])


async def test_the_limits_are_those_of_the_house():
    assert EdgeProtocol.limits == EdgeLimits(
        head=16_384,
        headers=100,
        url=8_192,
        pipeline=16,
        head_time=10.0,
        body_time=30.0,
        body_rate=1_024,
        idle_time=15.0,
        linger_time=2.0,
        stall_time=30.0,
        connections=4_000,
        connections_per_address=200,
    )
