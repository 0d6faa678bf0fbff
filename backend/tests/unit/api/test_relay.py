"""Bringing an answer to a client: when it leaves, when nothing comes, when it takes nothing."""

import asyncio

import pytest

from dragoman.api.relay import ClientGone, EventStream, Hearing, Meter, Pace, while_present

PACE = Pace(hold=0.05, beat=0.05, stall=0.1)


class Peer:
    """A client's end of ASGI: what it was sent, and when it leaves."""

    def __init__(self) -> None:
        self.messages: list[dict] = []
        self.left = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()

    async def receive(self) -> dict:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict) -> None:
        self.messages.append(message)
        await self.reads.wait()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)


async def test_a_client_that_leaves_ends_the_work():
    peer = Peer()
    with pytest.raises(ClientGone, match="client_gone"), while_present(peer.receive, peer.send):
        peer.left.set()
        await asyncio.sleep(1)


async def test_a_client_that_has_its_answer_may_leave():
    peer = Peer()
    with while_present(peer.receive, peer.send) as answer:
        await answer({"type": "http.response.start", "status": 200})
        await answer({"type": "http.response.body", "body": b"x", "more_body": False})
        peer.left.set()
        await asyncio.sleep(0.02)


async def test_a_client_that_leaves_between_two_pieces_ends_the_work():
    peer = Peer()
    with pytest.raises(ClientGone), while_present(peer.receive, peer.send) as answer:
        await answer({"type": "http.response.body", "body": b"x", "more_body": True})
        peer.left.set()
        await asyncio.sleep(1)


async def test_a_cancellation_from_elsewhere_is_no_client_leaving():
    peer = Peer()

    async def work() -> None:
        with while_present(peer.receive, peer.send):
            await asyncio.sleep(1)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_status_is_held_back_until_there_is_something_to_say():
    peer = Peer()
    with EventStream(peer.send, Pace()) as out:
        assert peer.messages == []
        await out.write(b"a")
        await out.write(b"b", last=True)
    start, first, last = peer.messages
    assert (start["status"], first["more_body"], last["more_body"]) == (200, True, False)
    assert (b"x-accel-buffering", b"no") in start["headers"]


async def test_a_long_silence_is_filled_with_comments():
    peer = Peer()
    with EventStream(peer.send, PACE) as out:
        await asyncio.sleep(0.18)
        await out.write(b"data: x\n\n", last=True)
    assert peer.messages[0]["type"] == "http.response.start"
    assert peer.body.startswith(b": keep-alive\n\n")
    assert 2 <= peer.body.count(b": keep-alive") <= 3
    assert peer.body.endswith(b"data: x\n\n")


async def test_nothing_is_sent_once_the_answer_is_over():
    peer = Peer()
    with EventStream(peer.send, PACE) as out:
        await out.write(b"x", last=True)
        await asyncio.sleep(0.15)
    assert peer.body == b"x"


async def test_a_client_that_takes_nothing_is_taken_for_gone():
    peer = Peer()
    peer.reads.clear()
    with pytest.raises(ClientGone, match="slow_reader"), EventStream(peer.send, PACE) as out:
        await out.write(b"x")


async def test_a_failure_inside_passes_as_it_is():
    peer = Peer()
    with pytest.raises(ValueError, match="mine"), EventStream(peer.send, PACE):
        raise ValueError("mine")
    await asyncio.sleep(0.1)
    assert peer.messages == []


def test_the_meter_counts_what_is_under_way():
    meter = Meter()
    with meter:
        assert meter.running == 1
    assert meter.running == 0


async def test_the_meter_counts_what_goes_on_by_itself_until_it_has_ended():
    meter, waking = Meter(), asyncio.Event()

    async def work():
        await waking.wait()

    task = asyncio.create_task(work())
    meter.until(task)
    assert meter.running == 1
    waking.set()
    await task
    await asyncio.sleep(0)
    assert meter.running == 0


async def test_a_departure_that_is_told_ends_the_work_without_anybody_listening():
    peer = Peer()

    async def deaf() -> dict:
        raise AssertionError("nobody was to listen")

    ear = Hearing(deaf)
    with pytest.raises(ClientGone, match="client_gone"), while_present(ear, peer.send):
        asyncio.get_running_loop().call_soon(ear.tell)
        await asyncio.sleep(1)


async def test_a_client_that_had_left_before_the_work_began_ends_it_too():
    peer = Peer()
    ear = Hearing(peer.receive)
    ear.tell()
    with pytest.raises(ClientGone), while_present(ear, peer.send):
        await asyncio.sleep(1)


async def test_a_departure_after_the_work_ends_nothing():
    peer = Peer()
    ear = Hearing(peer.receive)
    with while_present(ear, peer.send):
        pass
    ear.tell()
    await asyncio.sleep(0)
