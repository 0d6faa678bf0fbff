"""Making a connection, on either event loop: to the only address, or to the first of many."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import contextmanager

import pytest
import uvloop

from dragoman.chat import UpstreamError
from dragoman.services.providers.client.addresses import Place
from dragoman.services.providers.client.names import Names
from dragoman.services.providers.client.pool import Pool

from .places import silent

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
PLACE = Place("there.example", 80, secure=False)
FAMILIES = {2: socket.AF_INET, 4: socket.AF_INET6}


class Known:
    """Names whose addresses are known."""

    def __init__(self, *addresses: tuple[str | int, ...]) -> None:
        self._addresses = addresses

    async def addresses(self, host: str, port: int) -> Sequence[tuple]:
        return [
            (FAMILIES[len(address)], socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass


@contextmanager
def listening(host: str = "127.0.0.1", family: socket.AddressFamily = socket.AF_INET):
    with socket.create_server((host, 0), family=family) as listener:
        yield listener.getsockname()


def refusing() -> tuple[str, int]:
    with listening() as address:
        return address


@pytest.fixture(params=LOOPS)
def run(request):
    with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
        yield runner.run


async def connected(*addresses: tuple[str | int, ...]) -> tuple[tuple, bool]:
    """Whom a connection reached, and whether it sends at once what it is given."""
    pool = Pool(0.3, names=Known(*addresses))
    try:
        connection = await pool.connect(PLACE, "there")
        line = connection._transport.get_extra_info("socket")
        at_once = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        return line.getpeername(), at_once
    finally:
        await pool.close()


def test_the_only_address_is_reached(run):
    with listening() as address:
        assert run(connected(address)) == (address, True)


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_an_address_of_the_newer_kind_is_reached_alone_and_among_others(run):
    try:
        listener = listening("::1", socket.AF_INET6)
        with listener as address:
            assert run(connected(address)) == (address, True)
            assert run(connected(refusing(), address)) == (address, True)
    except OSError as error:
        pytest.skip(f"there is no IPv6 here: {error}")


def test_where_the_first_address_refuses_the_second_is_reached(run):
    with listening() as address:
        assert run(connected(refusing(), address)) == (address, True)


def test_where_the_first_address_is_silent_the_second_is_reached(run):
    with silent() as mute, listening() as address:
        assert run(connected(mute, address)) == (address, True)


@pytest.mark.parametrize("count", [1, 2])
def test_where_all_refuse_there_is_no_connection(run, count):
    with pytest.raises(UpstreamError) as caught:
        run(connected(*[refusing() for _ in range(count)]))
    assert caught.value.failure.reason == "connect_error"


@pytest.mark.parametrize("count", [1, 2])
def test_where_all_are_silent_it_takes_too_long(run, count):
    with silent() as mute, pytest.raises(UpstreamError) as caught:
        run(connected(*[mute] * count))
    assert caught.value.failure.reason == "timeout_connect"


def test_whoever_leaves_while_a_connection_is_made_leaves_none_behind(run):
    async def left() -> int:
        pool = Pool(5.0, names=Known(mute))
        connecting = asyncio.create_task(pool.connect(PLACE, "there"))
        await asyncio.sleep(0.01)
        connecting.cancel()
        await asyncio.wait((connecting,))
        assert connecting.cancelled()
        return len(pool._open)

    with silent() as mute:
        assert run(left()) == 0


NUMBERS = {"192.0.2.1": 2, "2001:db8::1": 4}


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_an_address_and_nobody_is_asked_for_it(run, number):
    found = run(Names(unasked).addresses(number, 443))
    assert [(kind, address[:2]) for kind, _, _, _, address in found] == [
        (FAMILIES[NUMBERS[number]], (number, 443))
    ]


async def unasked(host: str, port: int, *, type: int) -> Sequence[tuple]:  # noqa: A002 - its name
    raise AssertionError(f"asked for {host}")


@pytest.mark.parametrize("name", ["a.example", "fe80::1%eth0", "192.0.2.256"])
def test_a_name_is_asked_for_and_so_is_a_number_that_may_change(run, name):
    with pytest.raises(AssertionError, match=name):
        run(Names(unasked).addresses(name, 443))
