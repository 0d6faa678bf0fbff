"""The server's beginning and end, around an application of three lines."""

import os
import signal
import socket
from collections.abc import Iterator

import pytest

from dragoman.api.errors import Message, Receive, Scope, Send
from dragoman.cli.endings import CommandError
from dragoman.cli.serve import run


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def application(startup: Message):
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(startup)
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return application


GOOD = application({"type": "lifespan.startup.complete"})
BAD = application({"type": "lifespan.startup.failed", "message": "no"})


def test_a_server_that_is_told_to_end_returns_and_gives_the_signals_back(listener):
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    announced = []

    def announce() -> None:
        announced.append(True)
        os.kill(os.getpid(), signal.SIGTERM)

    run(GOOD, [listener], level="critical", announce=announce)
    assert announced == [True]
    assert {number: signal.getsignal(number) for number in before} == before


def test_an_application_that_does_not_start_is_a_failure_of_its_own(listener):
    announced = []
    with pytest.raises(CommandError, match="could not start") as caught:
        run(BAD, [listener], level="critical", announce=lambda: announced.append(True))
    assert caught.value.exit_code == 1
    assert announced == []
