"""The load generator against the mock upstream, and against answers that are not right."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bench.load import Task, ask
from bench.mock import listen
from bench.questions import Wire
from bench.upstream_answers import (
    Streamed,
    streamed_chat,
    streamed_message,
    whole_chat,
    whole_message,
)
from bench.verdicts import Judge

MODEL = "bench-8-0"
PIECES = 8


@asynccontextmanager
async def upstream() -> AsyncIterator[int]:
    server = await listen(0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def joined(streamed: Streamed) -> bytes:
    return b"".join((streamed.opening, *streamed.pieces, streamed.closing))


def owned(text: str, *, end: str = "complete") -> bytes:
    told = f'data: {{"type":"token","content":"{text}"}}\n\n'
    return f'{told}data: {{"type":"{end}","stopReason":"stop"}}\n\n'.encode()


@pytest.mark.parametrize("wire", [Wire.CHAT, Wire.MESSAGES])
@pytest.mark.parametrize("pieces", [None, PIECES])
async def test_every_answer_of_the_upstream_is_right(wire: Wire, pieces: int | None):
    async with upstream() as port:
        task = Task(port=port, wire=wire, model=MODEL, pieces=pieces, concurrency=4, answers=40)

        outcome = await ask(task)

    assert (outcome.right, outcome.faults) == (40, {})
    assert len(outcome.latencies) == 40
    assert len(outcome.first) == 40
    assert all(
        first <= whole for first, whole in zip(outcome.first, outcome.latencies, strict=True)
    )


async def test_chunks_that_are_paced_take_their_time_and_all_arrive():
    async with upstream() as port:
        task = Task(
            port=port, wire=Wire.CHAT, model="bench-8-5", pieces=8, concurrency=3, answers=3
        )

        outcome = await ask(task)

    assert (outcome.right, outcome.faults) == (3, {})
    assert outcome.latencies[0] >= 8 * 0.005


async def test_a_question_that_did_not_arrive_whole_is_refused_and_counts_as_wrong():
    async with upstream() as port:
        task = Task(port=port, wire=Wire.CHAT, model="of another kind", concurrency=1, answers=2)

        outcome = await ask(task)

    assert (outcome.right, outcome.faults) == (0, {"status 400": 2})


async def test_who_does_not_listen_is_a_fault_and_no_endless_wait():
    async with upstream() as port:
        pass

    outcome = await ask(Task(port=port, wire=Wire.CHAT, model=MODEL, concurrency=2, answers=2))

    assert outcome.right == 0
    assert outcome.faults == {"no connection": 2}


CHAT = joined(streamed_chat(MODEL, PIECES, usage=True))
MESSAGE = joined(streamed_message(MODEL, PIECES))

WRONG = [
    pytest.param(Wire.CHAT, None, whole_chat(MODEL).replace(b"quay", b"key", 1), id="a word"),
    pytest.param(Wire.CHAT, None, whole_chat(MODEL)[:-1], id="a byte less"),
    pytest.param(
        Wire.CHAT, None, whole_chat(MODEL).replace(b'"stop"', b'"length"'), id="cut by length"
    ),
    pytest.param(
        Wire.MESSAGES,
        None,
        whole_message(MODEL).replace(b'"output_tokens":150', b'"output_tokens":149'),
        id="a token",
    ),
    pytest.param(Wire.CHAT, PIECES, CHAT.replace(b"data: [DONE]\n\n", b""), id="no DONE"),
    pytest.param(
        Wire.CHAT,
        PIECES,
        joined(streamed_chat(MODEL, PIECES - 1, usage=True)),
        id="a chunk less",
    ),
    pytest.param(
        Wire.MESSAGES, PIECES, MESSAGE.rpartition(b"event: message_stop")[0], id="no message_stop"
    ),
    pytest.param(Wire.MESSAGES, PIECES, MESSAGE + MESSAGE, id="said twice"),
    pytest.param(Wire.OWN, 1, owned("Lanterns", end="complete"), id="a blank less"),
    pytest.param(Wire.OWN, 1, owned("Lanterns ", end="error"), id="an error at the end"),
    pytest.param(Wire.OWN, 1, b"", id="nothing"),
]


@pytest.mark.parametrize(("wire", "pieces", "body"), WRONG)
def test_an_answer_with_one_thing_wrong_is_found_out(wire: Wire, pieces: int | None, body: bytes):
    assert Judge(wire, pieces=pieces).fault(200, body) is not None


RIGHT = [
    (Wire.CHAT, None, whole_chat(MODEL)),
    (Wire.MESSAGES, None, whole_message(MODEL)),
    (Wire.CHAT, PIECES, CHAT),
    (Wire.MESSAGES, PIECES, MESSAGE),
    (Wire.OWN, 1, owned("Lanterns ")),
]


@pytest.mark.parametrize(("wire", "pieces", "body"), RIGHT)
def test_the_same_answer_is_right_the_first_time_and_the_second(
    wire: Wire, pieces: int | None, body: bytes
):
    judge = Judge(wire, pieces=pieces)

    assert [judge.fault(200, body), judge.fault(200, body)] == [None, None]
    assert judge.fault(500, body) == "status 500"
