"""Lines in any cut are the lines of the whole."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.wire.lines import LineParser
from dragoman.wire.sse import EventTooLargeError

BODIES = st.lists(st.sampled_from([b"{}", b"\n", b"\r\n", b'{"a": 1}', b" ", b"\r", b"x"])).map(
    b"".join
)


def read(pieces: list[bytes]) -> list[bytes]:
    parser = LineParser()
    return [event.data for piece in pieces for event in parser.feed(piece)]


def cut(body: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[begin:end] for begin, end in pairwise(edges)]


@given(BODIES, st.lists(st.integers(0, 1000)))
def test_any_cut_gives_the_lines_of_the_whole(body, places):
    lines = [line.removesuffix(b"\r") for line in body.split(b"\n")[:-1] if line.strip()]
    assert read(cut(body, places)) == lines


@given(BODIES)
def test_the_sources_are_the_body_but_for_blank_lines(body):
    parser = LineParser()
    told = b"".join(event.source for event in parser.feed(body))
    kept = [line + b"\n" for line in body.split(b"\n")[:-1] if line.strip()]
    assert told == b"".join(kept)
    assert parser.pending == bool(body.rpartition(b"\n")[2].strip())


def test_a_line_without_end_is_refused():
    parser = LineParser(max_event=10)
    with pytest.raises(EventTooLargeError, match="longer than 10 bytes"):
        list(parser.feed(b"x" * 11))
