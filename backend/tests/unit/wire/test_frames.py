"""Amazon's event streams, held against the parser of Amazon's own library."""

from binascii import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from dragoman.testing.tapes import pieces_of
from dragoman.wire.frames import EXCEPTION, FrameParser
from dragoman.wire.sse import EventTooLargeError, FramingError
from tests.support.frames import event, exception, frame

TYPES = st.text(st.characters(codec="ascii", categories=("L",)), min_size=1, max_size=20)
MESSAGES = st.lists(st.tuples(TYPES, st.binary(max_size=200)), max_size=5)


@given(MESSAGES, st.integers(0, 99))
def test_what_amazons_library_reads_is_read_here_in_any_cut(messages, seed):
    body = b"".join(frame(payload, event_type=name) for name, payload in messages)
    theirs = EventStreamBuffer()
    theirs.add_data(body)
    parser = FrameParser()

    ours = [event for piece in pieces_of(body, seed) for event in parser.feed(piece)]

    assert [(one.name, one.data) for one in ours] == [
        (one.headers[":event-type"], one.payload) for one in theirs
    ]
    assert b"".join(one.source for one in ours) == body
    assert not parser.pending


def test_an_unfinished_frame_is_pending():
    whole = event("messageStop", stopReason="end_turn")
    parser = FrameParser()

    assert list(parser.feed(whole[:-1])) == []
    assert parser.pending
    (told,) = parser.feed(whole[-1:])
    assert (told.name, told.data) == ("messageStop", b'{"stopReason": "end_turn"}')


def test_headers_of_every_type_are_passed_over_to_the_next():
    values = {0: b"", 1: b"", 2: b"1", 3: b"22", 4: b"4444", 5: b"8" * 8, 6: b"\0\x03abc"}
    values |= {8: b"8" * 8, 9: b"g" * 16}
    whole = _framed(
        b"".join(b"\x01x" + bytes([kind]) + value for kind, value in values.items())
        + b"\x0b:event-type\x07\x00\x04told",
        b"{}",
    )

    (read,) = FrameParser().feed(whole)

    assert read.name == "told"


def _framed(headers: bytes, payload: bytes) -> bytes:
    prelude = (len(headers) + len(payload) + 16).to_bytes(4) + len(headers).to_bytes(4)
    whole = prelude + crc32(prelude).to_bytes(4) + headers + payload
    return whole + crc32(whole).to_bytes(4)


def test_an_exception_is_told_from_an_event():
    (read,) = FrameParser().feed(exception("throttlingException", message="slow down"))

    assert read.name == f"{EXCEPTION}throttlingException"
    assert read.data == b'{"message": "slow down"}'


def test_an_error_that_has_no_payload_says_what_its_headers_say():
    whole = frame(b"", message_type="error", error_code="InternalError", error_message="broken")

    (read,) = FrameParser().feed(whole)

    assert (read.name, read.data) == (f"{EXCEPTION}InternalError", b'{"message":"broken"}')


@pytest.mark.parametrize("place", range(len(event("x", y=1))))
def test_a_byte_that_changed_on_its_way_is_found(place):
    whole = bytearray(event("x", y=1))
    whole[place] ^= 1

    with pytest.raises(FramingError):
        list(FrameParser().feed(bytes(whole)))


@pytest.mark.parametrize(
    "headers", [b"\xff", b"\x01x\x63", b"\x01x\x07\xff\xff", b"\x01\xff\x07\0\0"]
)
def test_headers_that_make_no_sense_are_refused(headers):
    with pytest.raises(FramingError):
        list(FrameParser().feed(_framed(headers, b"")))


def test_a_frame_that_is_shorter_than_its_headers_is_refused():
    prelude = (16).to_bytes(4) + (100).to_bytes(4)

    with pytest.raises(FramingError):
        list(FrameParser().feed(prelude + crc32(prelude).to_bytes(4)))


def test_a_frame_beyond_the_allowed_length_is_refused_before_it_has_come():
    whole = frame(b"." * 2000, event_type="x")

    with pytest.raises(EventTooLargeError):
        list(FrameParser(max_event=1000).feed(whole[:12]))
