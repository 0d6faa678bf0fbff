"""What comes before a streamed reply begins: little, or it is none."""

import pytest

from dragoman.chat import UpstreamError
from dragoman.wire import anthropic_messages, openai_chat


@pytest.mark.parametrize("wire", [openai_chat, anthropic_messages])
def test_a_stream_that_never_begins_is_not_held_for_ever(wire):
    reader = wire.stream_reader()
    for _ in range(4):
        reader.feed(b'data: {"type":"ping","choices":[]}\n\n' * 1_000)
    assert reader.done
    with pytest.raises(UpstreamError) as caught:
        reader.close(clean=True)
    assert caught.value.failure.reason == "bad_payload"


def test_a_stream_that_nests_deeper_than_anybody_follows_is_nonsense():
    reader = openai_chat.stream_reader()
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    for _ in range(3):
        reader.feed(b'data: {"id":"1","model":"m","choices":[{"deep":%b}]}\n\n' % deep)
    with pytest.raises(UpstreamError) as caught:
        reader.close(clean=True)
    assert caught.value.failure.reason in ("bad_payload", "stream_interrupted")
