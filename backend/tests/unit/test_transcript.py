"""The words of a reply: kept once, followed by anybody at any pace, from the first to the last."""

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.chat import (
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    Text,
    ToolCall,
)
from dragoman.services.transcript import LENGTH, RECENT, Passage, Transcript

OPENING = [ResponseStart(), PartStart(0, Text(""))]


@pytest.fixture
async def transcript():
    return Transcript()


def word(text):
    return [PartDelta(0, text)]


async def hear_out(transcript):
    async with aclosing(transcript.follow()) as following:
        return [passage async for passages in following for passage in passages]


async def test_what_is_said_thought_and_asked_for_is_told_apart(transcript):
    transcript.hear([ResponseStart(), PartStart(0, Reasoning("Hm")), PartDelta(0, "…"), PartEnd(0)])
    transcript.hear([PartStart(1, ToolCall("id", "tool", "")), PartDelta(1, "{}"), PartEnd(1)])
    transcript.hear([PartStart(2, Text("")), PartDelta(2, "Good "), PartDelta(2, "day")])
    transcript.hear([PartEnd(2), ResponseEnd(Stop(StopReason.STOP))])
    transcript.close()

    heard = await hear_out(transcript)

    assert heard == [
        Passage("reasoning", "Hm"),
        Passage("reasoning", "…"),
        Passage("text", "Good "),
        Passage("text", "day"),
    ]
    assert (transcript.text, transcript.reasoning) == ("Good day", "Hm…")


async def test_a_batch_tells_its_size_in_bytes(transcript):
    assert transcript.hear(OPENING) == 0
    assert transcript.hear([*word("äö"), *word("!")]) == 5


async def test_whoever_follows_hears_the_beginning_and_each_word_as_it_comes(transcript):
    async with aclosing(transcript.follow()) as following:
        coming = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0)
        assert not coming.done()

        transcript.hear(OPENING)
        assert await coming == ()
        for text in ("Good ", "day"):
            transcript.hear(word(text))
            assert await anext(following) == (Passage("text", text),)
        transcript.close()
        with pytest.raises(StopAsyncIteration):
            await anext(following)


async def test_a_reply_that_ends_before_it_begins_is_followed_by_nothing(transcript):
    following = asyncio.ensure_future(hear_out(transcript))
    await asyncio.sleep(0)
    transcript.close()
    assert await following == []


async def test_many_follow_each_from_the_first_word(transcript):
    early = asyncio.ensure_future(hear_out(transcript))
    transcript.hear([*OPENING, *word("Good ")])
    await asyncio.sleep(0)
    late = asyncio.ensure_future(hear_out(transcript))
    await asyncio.sleep(0)
    transcript.hear(word("day"))
    transcript.close()
    assert await early == await late == [Passage("text", "Good "), Passage("text", "day")]


async def test_whoever_is_far_behind_gets_it_joined_in_lengths_thoughts_first(transcript):
    async with aclosing(transcript.follow()) as following:
        transcript.hear([PartStart(0, Reasoning("Hm")), PartEnd(0), PartStart(1, Text(""))])
        assert await anext(following) == (Passage("reasoning", "Hm"),)

        for _ in range(RECENT + 1):
            transcript.hear(word("x" * 1000))
        transcript.close()

        rest = [passages async for passages in following]
    assert all(len(passages) == 1 for passages in rest)
    assert max(len(passage.text) for (passage,) in rest) == LENGTH
    assert "".join(passage.text for (passage,) in rest) == transcript.text == "x" * 257_000


PIECES = st.lists(
    st.tuples(st.sampled_from(["text", "reasoning"]), st.integers(1, 700), st.integers(1, 300)),
    max_size=12,
)


@given(PIECES)
def test_at_any_pace_everything_is_heard_once_and_in_order(pieces):
    async def act():
        transcript = Transcript()
        heard = {"text": "", "reasoning": ""}
        async with aclosing(transcript.follow()) as following:
            for kind, size, times in pieces:
                part = Text("") if kind == "text" else Reasoning("")
                transcript.hear([PartStart(0, part)])
                for number in range(times):
                    transcript.hear(word(chr(97 + number % 26) * size))
                for passage in await anext(following):
                    heard[passage.kind] += passage.text
            transcript.close()
            async for passages in following:
                for passage in passages:
                    heard[passage.kind] += passage.text
        assert heard == {"text": transcript.text, "reasoning": transcript.reasoning}

    asyncio.run(act())
