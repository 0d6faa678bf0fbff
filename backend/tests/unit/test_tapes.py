"""Recorded streams, cut and read again: the tools, on a stream of two words."""

from dragoman.chat import StopReason
from dragoman.testing.tapes import frame_events, pieces_of, read_stream
from dragoman.wire import openai_chat

CHUNKS = (
    b'{"id":"c-1","model":"m","choices":[{"index":0,"delta":{"content":"Good"}}]}',
    b'{"id":"c-1","model":"m","choices":[{"index":0,"delta":{"content":" day"}}]}',
    b'{"id":"c-1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
)
BODY = frame_events((chunk, None) for chunk in CHUNKS)


def test_framed_events_are_server_sent_events():
    named = frame_events([(b"{}", "ping"), (b"{}", None)])

    assert named == b"event: ping\ndata: {}\n\ndata: {}\n\n"


def test_the_pieces_of_a_body_are_the_body_and_the_same_for_the_same_seed():
    cuts = [list(pieces_of(BODY, seed)) for seed in (1, 1, 2)]

    assert all(b"".join(pieces) == BODY for pieces in cuts)
    assert cuts[0] == cuts[1] != cuts[2]
    assert all(1 <= len(piece) <= 200 for pieces in cuts for piece in pieces)


def test_a_stream_is_read_to_its_end():
    told = read_stream(openai_chat, pieces_of(BODY, seed=7))

    assert told.failure is None
    assert told.reply.text == "Good day"
    assert told.reply.stop is not None
    assert told.reply.stop.reason is StopReason.STOP


def test_a_stream_that_breaks_off_is_told_as_far_as_it_came_with_the_reason():
    told = read_stream(openai_chat, [BODY], clean=False)

    assert told.reply.text == "Good day"
    assert told.reply.stop is None
    assert told.failure is not None
    assert told.failure.reason == "stream_interrupted"
