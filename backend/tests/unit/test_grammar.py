"""The grammar of a reply is asserted, and each way to break it is told."""

import pytest

from dragoman.chat import (
    Aside,
    PartDelta,
    PartEnd,
    PartStart,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    StreamEvent,
    Text,
)
from dragoman.testing.grammar import check_grammar

START, END = ResponseStart(), ResponseEnd(Stop(StopReason.STOP))
FIRST, SECOND = PartStart(0, Text("")), PartStart(1, Text(""))


def test_a_reply_in_good_order_passes():
    check_grammar(
        [START, Aside(), FIRST, PartDelta(0, "a"), Aside(), PartEnd(0), SECOND, PartEnd(1), END]
    )
    check_grammar([START, END])


@pytest.mark.parametrize("events", [[], [START], [START, FIRST, PartDelta(0, "a")]])
def test_a_reply_that_broke_off_may_end_anywhere(events: list[StreamEvent]):
    check_grammar(events, finished=False)
    with pytest.raises(AssertionError, match="no ResponseEnd"):
        check_grammar(events)


def test_a_reply_that_broke_off_has_no_end():
    with pytest.raises(AssertionError, match="broke off"):
        check_grammar([START, END], finished=False)


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ([FIRST], "event 0, PartStart: nothing may come before the ResponseStart"),
        ([Aside()], "event 0, Aside: nothing may come before"),
        ([START, START], "event 1, ResponseStart: a reply starts only once"),
        ([START, SECOND], "event 1, PartStart: it must be part 0, not 1"),
        ([START, FIRST, PartEnd(0), FIRST], "event 3, PartStart: it must be part 1, not 0"),
        ([START, FIRST, SECOND], "event 2, PartStart: part 0 is still open"),
        ([START, FIRST, PartDelta(1)], "event 2, PartDelta: part 0 is open, not 1"),
        ([START, PartDelta(0)], "event 1, PartDelta: no part is open"),
        ([START, FIRST, PartEnd(0), PartEnd(0)], "event 3, PartEnd: no part is open"),
        ([START, FIRST, PartEnd(1)], "event 2, PartEnd: part 0 is open, not 1"),
        ([START, FIRST, END], "event 2, ResponseEnd: part 0 is still open"),
        ([START, END, Aside()], "event 2, Aside: nothing may follow the ResponseEnd"),
    ],
)
def test_each_way_to_break_it_is_told(events: list[StreamEvent], complaint: str):
    with pytest.raises(AssertionError, match=complaint):
        check_grammar(events, finished=False)
