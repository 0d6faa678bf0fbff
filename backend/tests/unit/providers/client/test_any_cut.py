"""However an answer is cut on its way, and wherever it breaks off: the same, or an error."""

import asyncio
import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .line import Heard, connected, cut, heard, read

PLACES = st.lists(st.integers(0, 5000), max_size=12)
INTERIM = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
PACKING = {
    "identity": lambda body: body,
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "deflate": zlib.compress,
    "raw deflate": lambda body: zlib.compress(body, wbits=-15),
}


def chunked(body: bytes, places: list[int], extension: bytes, trailer: bytes) -> bytes:
    pieces = [
        b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in cut(body, places) if piece
    ]
    return b"".join(pieces) + b"0\r\n" + trailer + b"\r\n"


def judged(said: Heard) -> tuple[int, str | None, bytes | None, bool]:
    return said.status, said.reason, None if said.reason else said.body, said.stays


@st.composite
def answers(draw, framings=("length", "chunked")):
    """An answer that is in order: its octets, and the body that is meant."""
    body = draw(st.binary(max_size=400))
    coding = draw(st.sampled_from(sorted(PACKING)))
    packed = PACKING[coding](body)
    head = b"HTTP/1.1 200 OK\r\nx-a: %b\r\nx-empty:\r\n" % draw(
        st.sampled_from([b"1", "é中".encode()])
    )
    if coding != "identity":
        head += b"content-encoding: %b\r\n" % coding.split()[-1].encode()
    match draw(st.sampled_from(framings)):
        case "length":
            whole = head + b"content-length: %d\r\n\r\n%b" % (len(packed), packed)
        case "chunked":
            extension = draw(st.sampled_from([b"", b";a=b", b' ;a="b c"']))
            trailer = draw(st.sampled_from([b"", b"x-late: 1\r\nx-a: 3\r\n"]))
            framed = chunked(packed, draw(PLACES), extension, trailer)
            whole = head + b"transfer-encoding: chunked\r\n\r\n" + framed
        case _:
            whole = head + b"\r\n" + packed
    return draw(st.sampled_from([b"", INTERIM, INTERIM * 2])) + whole, body


@given(answers(("length", "chunked", "its connection")), PLACES)
@settings(max_examples=300, deadline=None)
def test_an_answer_is_the_same_in_any_cut(answer, places):
    octets, body = answer
    whole = heard([octets])
    assert whole is not None
    assert (whole.status, whole.reason, whole.body) == (200, None, body)
    assert whole.headers["x-empty"] == ""
    assert whole.headers["x-a"] in {"1", "é中"}
    assert heard(cut(octets, places)) == whole


@given(answers(), PLACES)
@settings(max_examples=100, deadline=None)
def test_a_framed_answer_ends_without_its_connection(answer, places):
    octets, body = answer
    whole = heard(cut(octets, places), "stays")
    assert whole is not None
    assert (whole.body, whole.reason, whole.stays) == (body, None, True)


@given(answers(), st.integers(0, 5000), PLACES, st.sampled_from(["closed", "reset"]))
@settings(max_examples=300, deadline=None)
def test_an_answer_that_breaks_off_is_never_a_shorter_whole(answer, place, places, end):
    octets, body = answer
    part = octets[: place % len(octets)]
    said = heard(cut(part, places), end)
    assert said is not None
    assert said.reason == ("premature_close" if end == "closed" else "connection_reset")
    assert body.startswith(said.body)
    assert not said.stays


@given(st.binary(max_size=200), st.integers(0, 5000), PLACES)
@settings(max_examples=100, deadline=None)
def test_a_reset_never_ends_a_body_that_ends_with_its_connection(body, place, places):
    octets = b"HTTP/1.1 200 OK\r\n\r\n" + body
    said = heard(cut(octets[: place % (len(octets) + 1)], places), "reset")
    assert said is not None
    assert said.reason == "connection_reset"


@given(st.binary(min_size=1, max_size=300), st.integers(0, 5000), PLACES)
@settings(max_examples=100, deadline=None)
def test_what_was_packed_is_whole_or_broken_even_where_its_connection_ends_it(body, place, places):
    packed = gzip.compress(body, mtime=0)
    part = packed[: 1 + place % (len(packed) - 1)]
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n"
    said = heard(cut(head + part, places))
    assert said is not None
    assert said.reason == "premature_close"
    assert body.startswith(said.body)


@given(answers(), st.integers(0, 5000), st.integers(0, 255), PLACES)
@settings(max_examples=400, deadline=None)
def test_an_answer_with_one_wrong_byte_is_judged_alike_in_any_cut(answer, place, octet, places):
    octets, _ = answer
    place %= len(octets)
    changed = octets[:place] + bytes([octet]) + octets[place + 1 :]
    said, said_in_pieces = heard([changed]), heard(cut(changed, places))
    assert said is not None
    assert said_in_pieces is not None
    assert judged(said_in_pieces) == judged(said)
    # What is packed and does not add up is told as far as it was unpacked.
    assert said_in_pieces.body.startswith(said.body) or said.reason == "bad_payload"


@given(
    st.binary(max_size=120), st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n"]), PLACES
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_at_all_come_to_the_same_end_in_any_cut(octets, before, places):
    said = heard([before + octets])
    assert said is not None
    assert heard(cut(before + octets, places)) == said


@pytest.mark.parametrize("end", ["closed", "stays"])
@pytest.mark.parametrize("surplus", [b"x", b"\0", b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\ny"])
@given(answers(), PLACES)
@settings(max_examples=40, deadline=None)
def test_what_follows_an_answer_is_no_part_of_it_and_ends_the_connection(
    surplus, end, answer, places
):
    octets, body = answer
    said = heard(cut(octets + surplus, places), end)
    assert said is not None
    assert (said.body, said.reason) == (body, None)


@given(st.lists(answers(), min_size=2, max_size=4), PLACES)
@settings(max_examples=100, deadline=None)
def test_one_answer_after_the_other_comes_whole_on_one_connection(many, places):
    async def run() -> None:
        connection, _ = connected()
        for octets, body in many:
            reading = asyncio.create_task(read(connection))
            await asyncio.sleep(0)
            for piece in cut(octets, places):
                connection.data_received(piece)
                await asyncio.sleep(0)
            said = await reading
            assert (said.body, said.reason, said.stays) == (body, None, True)

    asyncio.run(run())
