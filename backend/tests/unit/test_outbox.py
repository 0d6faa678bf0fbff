"""Writes of one turn of the event loop: when they go out, and in which order."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.outbox import Outbox

MANY = ("one", "another")


class Slate(asyncio.WriteTransport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data) -> None:
        assert not self.closed
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.closed


async def turn() -> None:
    """Let the loop go on to its next turn."""
    await asyncio.sleep(0)


async def test_what_is_written_in_one_turn_goes_out_at_its_end():
    outbox, one, other = Outbox(asyncio.get_running_loop(), MANY), Slate(), Slate()

    outbox.put(one, b"a")
    outbox.put(other, b"b")
    assert (one.written, other.written) == ([], [])

    await turn()
    assert (one.written, other.written) == ([b"a"], [b"b"])


async def test_where_there_is_one_connection_nothing_waits():
    outbox, slate = Outbox(asyncio.get_running_loop(), ("one",)), Slate()
    outbox.put(slate, b"a")
    assert slate.written == [b"a"]


async def test_what_is_written_alone_does_not_overtake_what_waits():
    crowd, slate = ["one", "another"], Slate()
    outbox = Outbox(asyncio.get_running_loop(), crowd)

    outbox.put(slate, b"a")
    crowd.pop()
    outbox.put(slate, b"b")

    await turn()
    assert slate.written == [b"a", b"b"]


async def test_nothing_is_written_to_what_was_closed_meanwhile():
    outbox, one, other = Outbox(asyncio.get_running_loop(), MANY), Slate(), Slate()
    outbox.put(one, b"a")
    outbox.put(other, b"b")
    one.closed = True
    await turn()
    assert (one.written, other.written) == ([], [b"b"])


async def test_much_does_not_wait():
    outbox, slate = Outbox(asyncio.get_running_loop(), MANY), Slate()
    outbox.put(slate, b"a")
    outbox.put(slate, bytes(1 << 17))
    assert slate.written == [b"a", bytes(1 << 17)]


@pytest.mark.parametrize("crowd", [("one",), MANY])
@given(
    said=st.lists(
        st.tuples(st.integers(0, 2), st.binary(max_size=9), st.sampled_from(["", "empty", "turn"]))
    )
)
def test_each_transport_gets_what_was_written_to_it_in_that_order(crowd, said):
    async def tell() -> list[bytes]:
        outbox, slates = Outbox(asyncio.get_running_loop(), crowd), [Slate() for _ in range(3)]
        for place, text, then in said:
            outbox.put(slates[place], text)
            if then == "empty":
                outbox.empty()
            elif then == "turn":
                await turn()
        await turn()
        return [b"".join(slate.written) for slate in slates]

    meant = [b"".join(text for at, text, _ in said if at == place) for place in range(3)]
    assert asyncio.run(tell()) == meant
