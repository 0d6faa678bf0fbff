"""The parser of server-sent events, against a naive reading of the specification."""

import re
from collections import deque
from itertools import chain, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dragoman.wire.sse import EventTooLargeError, SseEvent, SseParser, encode_event


def told(*chunks: bytes) -> list[tuple[str, bytes]]:
    parser = SseParser()
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return [(event.name, event.data) for event in (*events, *parser.end())]


def by_the_book(body: bytes) -> list[tuple[str, bytes]]:
    """Interpret a whole body line by line, as WHATWG HTML 9.2.6 says; slow, and easy to believe."""
    events = []
    name, data = b"", b""
    lines = re.split(rb"\r\n|\n|\r", body.removeprefix(b"\xef\xbb\xbf"))
    for line in lines[:-1]:  # what follows the last line end is no line yet
        if line == b"":
            if data != b"":
                events.append((name.decode() or "message", data[:-1]))
            name, data = b"", b""
        elif line.startswith(b":"):
            continue
        else:
            field, colon, value = line.partition(b":")
            value = value[1:] if colon and value[:1] == b" " else value
            if field == b"event":
                name = value
            elif field == b"data":
                data += value + b"\n"
    return events


LINE_ENDS = [b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n"]
FIELDS = [b"data", b"data: ", b"data:", b"event: ", b"event:x", b"id: 7", b"retry: 5", b": ping"]
SCRAPS = [b":", b" ", b"{}", "é✓".encode(), b"\xef\xbb\xbf"]
FRAGMENTS = st.sampled_from([*LINE_ENDS, *FIELDS, *SCRAPS])
BODIES = st.lists(FRAGMENTS, max_size=24).map(b"".join)


@given(body=BODIES, cuts=st.lists(st.integers(0, 120), max_size=12))
@example(body=b"\xef\xbb\xbfdata: 1\r\rdata: 2\n\n", cuts=[1, 2, 3])
@example(body=b"data\r\n\r", cuts=[])
def test_every_cut_of_a_body_tells_the_events_of_the_book(body: bytes, cuts: list[int]):
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    chunks = [body[begin:end] for begin, end in pairwise(places)]

    assert told(*chunks) == by_the_book(body)


@given(BODIES)
def test_a_body_that_comes_byte_by_byte_tells_the_events_of_the_book(body: bytes):
    assert told(*(body[place : place + 1] for place in range(len(body)))) == by_the_book(body)


@given(BODIES)
def test_the_sources_of_events_are_the_body_but_for_what_is_no_event(body: bytes):
    parser = SseParser()

    sources = [event.source for event in (*parser.feed(body), *parser.end())]

    place = 0
    for source in sources:
        place = body.index(source, place) + len(source)
    assert [told(source) for source in sources] == [[event] for event in by_the_book(body)]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"], ids=["LF", "CR", "CRLF"])
def test_lines_may_end_in_any_of_three_ways(end: bytes):
    body = end.join([b": comment", b"event: delta", b"data: one", b"data:two", b"", b""])

    assert told(body) == [("delta", b"one\ntwo")]


def test_an_event_without_data_is_none_and_its_name_is_forgotten():
    assert told(b"event: ping\n\ndata: x\n\n") == [("message", b"x")]


def test_an_unfinished_event_is_not_told():
    parser = SseParser()

    assert list(parser.feed(b"data: half\n")) == []
    assert parser.pending


def test_nothing_is_pending_between_events():
    parser = SseParser()

    assert [event.data for event in parser.feed(b"data: 1\n\n\n")] == [b"1"]
    assert not parser.pending


def test_a_mark_cut_in_two_is_still_passed_over():
    assert told(b"\xef", b"\xbb", b"\xbfdata: x\n\n") == [("message", b"x")]


def test_data_that_is_no_utf8_stays_bytes():
    assert told(b"data: \xff\xfe\n\n") == [("message", b"\xff\xfe")]


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: " + b"x" * 64],
        [b"data: ", *[b"x"] * 64],
        [b"data: " + b"x" * 64 + b"\n\n"],
    ],
    ids=["at once", "byte by byte", "though it is whole"],
)
def test_an_event_that_never_ends_is_refused(chunks: list[bytes]):
    parser = SseParser(max_event=32)

    with pytest.raises(EventTooLargeError, match="longer than 32 bytes"):
        deque(chain.from_iterable(map(parser.feed, chunks)), maxlen=0)


def test_the_length_is_that_of_one_event_not_of_all():
    parser = SseParser(max_event=32)

    events = [event for _ in range(100) for event in parser.feed(b"data: short\n\n")]

    assert len(events) == 100


@given(data=st.from_regex(rb"[^\r\n]*", fullmatch=True), name=st.sampled_from([None, "error"]))
def test_an_event_that_is_written_is_read(data: bytes, name: str | None):
    written = encode_event(data, name)

    assert list(SseParser().feed(written)) == [SseEvent(name or "message", data, written)]


def test_an_event_keeps_its_bytes_wherever_a_line_end_was_cut():
    body = b"data: one\r\n\r\ndata: two\r\n\r\n"

    for cut in range(len(body) + 1):
        parser = SseParser()
        events = [*parser.feed(body[:cut]), *parser.feed(body[cut:])]

        assert [event.source for event in events] == [body[:13], body[13:]]
