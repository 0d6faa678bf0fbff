"""A reply is the fold of its events, and its events tell the reply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.chat import (
    Aside,
    Extras,
    Fold,
    Image,
    Link,
    Opaque,
    Part,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    Receipt,
    Reply,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    Text,
    ToolCall,
    Usage,
    events_of,
    fold,
)
from dragoman.testing.grammar import check_grammar

WORDS = st.text(max_size=8)
EXTRAS = st.none() | st.builds(
    Extras,
    st.just("w"),
    st.dictionaries(st.sampled_from(["a", "b"]), st.integers() | st.none(), max_size=2),
)
PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, WORDS, EXTRAS),
    st.builds(Reasoning, WORDS, st.none() | WORDS, st.none() | WORDS, st.just("w"), EXTRAS),
    st.builds(ToolCall, WORDS, WORDS, WORDS, EXTRAS),
    st.builds(Opaque, st.just("w"), WORDS, st.just({"type": "x"}), WORDS),
    st.builds(Image, st.builds(Link, WORDS)),
)
COUNTS = st.none() | st.integers(0, 9)
REPLIES = st.builds(
    Reply,
    id=st.none() | WORDS,
    model=st.none() | WORDS,
    created=COUNTS,
    parts=st.lists(PARTS, max_size=4).map(tuple),
    stop=st.none() | st.builds(Stop, st.sampled_from(StopReason), st.none() | WORDS),
    usage=st.none() | st.builds(Usage, COUNTS, COUNTS, COUNTS),
    extras=EXTRAS,
    receipts=st.just((Receipt("top_k", "dropped", "no word for it"),)) | st.just(()),
)


@given(REPLIES)
def test_the_events_of_a_reply_fold_to_the_reply(reply: Reply):
    assert fold(events_of(reply)) == fold([*events_of(reply)]) == reply


@given(REPLIES)
def test_the_events_of_a_reply_keep_the_grammar(reply: Reply):
    check_grammar(events_of(reply), finished=reply.stop is not None)


def test_pieces_grow_into_the_part_they_belong_to():
    seal = Extras("w", {"b": 2})

    reply = fold(
        [
            ResponseStart("id", "m"),
            PartStart(0, Reasoning("I ", origin="w")),
            PartDelta(0, "think", extras=Extras("w", {"a": 1})),
            Aside(b": ping"),
            PartDelta(0, signature="sea"),
            PartDelta(0, signature="l", extras=seal),
            PartEnd(0),
            PartStart(1, ToolCall("c", "look", "")),
            PartDelta(1, '{"at":'),
            PartDelta(1, '"it"}'),
            PartEnd(1),
            ResponseEnd(Stop(StopReason.TOOL), Usage(1, 2)),
        ],
    )

    assert reply.parts == (
        Reasoning("I think", "seal", origin="w", extras=Extras("w", {"a": 1, "b": 2})),
        ToolCall("c", "look", '{"at":"it"}'),
    )
    assert reply.usage == Usage(1, 2)
    assert reply.text == ""


def test_an_opaque_part_takes_its_own_wires_fields_and_keeps_its_words_apart():
    reply = fold(
        [
            PartStart(0, Opaque("w", "search", {"input": {}})),
            PartDelta(0, '{"q":', extras=Extras("w", {"status": "done"})),
            PartDelta(0, "1}", extras=Extras("other", {"lost": True})),
        ],
    )

    assert reply.parts == (Opaque("w", "search", {"input": {}}, '{"q":1}'),)


def test_a_reply_that_broke_off_is_there_as_far_as_it_came():
    folding = Fold()
    folding.add([ResponseStart("id"), PartStart(0, Text("")), PartDelta(0, "Half a sen")])

    assert folding.reply() == Reply(id="id", parts=(Text("Half a sen"),))

    folding.add([PartDelta(0, "tence")])

    assert folding.reply().text == "Half a sentence"


def test_a_piece_of_no_part_is_passed_over():
    assert fold([ResponseStart(), PartDelta(0, "?"), PartEnd(0)]).parts == ()


def test_what_the_end_says_of_the_cost_wins():
    events = [ResponseStart(usage=Usage(5, 1)), ResponseEnd(Stop(StopReason.STOP), Usage(5, 9))]

    assert fold(events).usage == Usage(5, 9)
    assert fold(events[:1]).usage == Usage(5, 1)


def test_the_start_and_the_end_of_a_reply_tell_its_extras_together():
    start = ResponseStart(extras=Extras("w", {"tier": "slow", "id": 1}))
    end = ResponseEnd(Stop(StopReason.STOP), extras=Extras("w", {"tier": "fast"}, ("mark",)))

    assert fold([start, end]).extras == Extras("w", {"tier": "fast", "id": 1}, ("mark",))


@pytest.mark.parametrize(
    ("usage", "total"), [(Usage(2, 3), 5), (Usage(0, 0), 0), (Usage(2), None), (Usage(), None)]
)
def test_a_total_is_known_only_if_both_sides_are(usage: Usage, total: int | None):
    assert usage.total == total
