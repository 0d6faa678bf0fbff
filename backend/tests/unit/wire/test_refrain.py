import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dragoman.chat import UpstreamError
from dragoman.wire import anthropic_messages, openai_chat
from dragoman.wire.refrain import Refrain
from dragoman.wire.stream import EventStreamReader

KEY = b'"content"'
WORDS = st.text(min_size=1, max_size=8) | st.sampled_from([" the", "content", "id", '"', "}", "\\"])
PADDED = st.none() | st.text("abcXYZ09", max_size=6)
SPACED = st.sampled_from([(",", ":"), (", ", ": ")])


def chunk(words: str, padding: str | None = None, **more: object) -> dict:
    said = {"id": "c1", "choices": [{"index": 0, "delta": {"content": words}}], **more}
    return said if padding is None else said | {"obfuscation": padding}


def spelled(said: dict, separators: tuple[str, str] = (",", ":"), *, ascii_only: bool = False):
    return json.dumps(said, separators=separators, ensure_ascii=ascii_only).encode(
        "utf-8", "surrogatepass"
    )


def learnt(data: bytes, words: str) -> Refrain:
    refrain = Refrain()
    refrain.learn(data, KEY, words)
    return refrain


@settings(max_examples=1000, deadline=None)
@given(WORDS, PADDED, PADDED, SPACED, st.booleans())
def test_an_event_that_repeats_is_read_by_its_words(words, before, after, separators, ascii_only):
    padding = None if before is None else after or ""
    refrain = learnt(spelled(chunk(" sea", before), separators), " sea")
    told = spelled(chunk(words, padding), separators, ascii_only=ascii_only)
    assert refrain.words_of(told) == words


def test_one_mark_is_not_both_the_beginning_and_the_end_of_what_hides_a_length():
    told = spelled(chunk(" the", ""))
    assert learnt(spelled(chunk(" sea", "ab0")), " sea").words_of(told) == " the"
    assert learnt(spelled(chunk(" sea", "ab0")), " sea").words_of(told[:-2] + b"}") is None


@given(
    WORDS,
    WORDS,
    st.dictionaries(st.sampled_from(["id", "content", "p", "obfuscation", "usage"]), WORDS),
    st.dictionaries(st.sampled_from(["id", "content", "p", "obfuscation", "usage"]), WORDS),
)
@example("a", "b", {}, {"content": "a"})
@example("content", "b", {}, {})
def test_what_is_read_by_its_words_says_nothing_else_that_is_new(first, second, one, other):
    known, told = chunk(first, **one), chunk(second, **other)
    words = learnt(spelled(known), first).words_of(spelled(told))
    if words is not None:
        assert words == second
        silent = dict.fromkeys(("obfuscation", "p"))
        assert chunk(first, **other) | silent == known | silent


@settings(max_examples=1000, deadline=None)
@given(st.binary(max_size=12), st.integers(0, 80), st.integers(0, 12))
def test_bytes_changed_anywhere_are_never_mistaken_for_words(piece, place, length):
    data = spelled(chunk(" sea", "abc"))
    told = data[:place] + piece + data[place + length :]
    words = learnt(data, " sea").words_of(told)
    if words is not None:
        said = json.loads(told)
        assert said["choices"][0]["delta"]["content"] == words
        assert said | {"obfuscation": ""} == chunk(words, "")


def test_an_event_with_escapes_or_another_field_of_the_name_is_not_learnt():
    twice = chunk(" sea", note={"content": "a"})
    assert learnt(spelled(twice), " sea").words_of(spelled(twice)) is None
    escaped = b'{"delta":{"content":" sea"},"note":"\\u0061"}'
    assert learnt(escaped, " sea").words_of(escaped) is None


def test_after_many_events_in_vain_none_is_learnt_any_more():
    refrain = Refrain()
    for count in range(20):
        refrain.learn(spelled(chunk(" sea", id=str(count))), KEY, " sea")
    assert refrain.words_of(spelled(chunk(" sky", id="19"))) is None


class _Deaf(Refrain):
    def learn(self, *_: object) -> None:
        pass


def events_of(reader: EventStreamReader, stream: bytes) -> list:
    try:
        return [*reader.feed(stream), *reader.close(clean=True)]
    except UpstreamError as error:
        return [error.failure]


def agrees(wire, stream: bytes) -> None:
    """Hold a reader that heeds refrains against one that decodes every event."""
    slow = wire.stream_reader()
    slow._refrain = _Deaf()
    assert events_of(wire.stream_reader(), stream) == events_of(slow, stream)


CHAT_PIECES = st.one_of(
    WORDS.map(lambda words: {"delta": {"content": words}, "finish_reason": None}),
    WORDS.map(lambda words: {"delta": {"content": words}, "logprobs": None}),
    WORDS.map(lambda words: {"delta": {"content": words}, "logprobs": {"content": [words]}}),
    WORDS.map(lambda words: {"delta": {"reasoning_content": words}}),
    WORDS.map(lambda words: {"delta": {"refusal": words}}),
    WORDS.map(lambda words: {"delta": {"content": words}, "note": words}),
    st.sampled_from([{"delta": {"content": None}}, {"delta": {}, "finish_reason": "stop"}]),
)
TOPS = st.sampled_from(
    [{}, {"usage": None}, {"fp": "a"}, {"fp": "b"}, {"usage": {"prompt_tokens": 3}}, {"l": ["x"]}]
)


@given(st.lists(st.tuples(CHAT_PIECES, TOPS, PADDED), max_size=12))
def test_a_chat_stream_is_heard_the_same_with_and_without_refrains(pieces):
    chunks = [
        {"id": "c1", "choices": [{"index": 0, **piece}], **top}
        | ({} if padding is None else {"obfuscation": padding})
        for piece, top, padding in pieces
    ]
    lines = [b"data: " + spelled(said) + b"\n\n" for said in chunks]
    agrees(openai_chat, b"".join([*lines, b"data: [DONE]\n\n"]))


def _delta(index: int, words: str) -> dict:
    delta = {"type": "text_delta", "text": words}
    return {"type": "content_block_delta", "index": index, "delta": delta}


BLOCKS = st.one_of(
    st.builds(_delta, st.integers(0, 1), WORDS),
    st.integers(0, 1).map(lambda index: {"type": "content_block_stop", "index": index}),
    st.builds(
        lambda index, words: {
            "type": "content_block_start",
            "index": index,
            "content_block": {"type": "text", "text": words},
        },
        st.integers(0, 1),
        WORDS,
    ),
    st.sampled_from([{"type": "ping"}, {"type": "message_stop"}]),
)


@given(st.lists(BLOCKS, max_size=14))
def test_a_messages_stream_is_heard_the_same_with_and_without_refrains(blocks):
    begun = {"type": "message_start", "message": {"id": "m1", "role": "assistant", "content": []}}
    lines = [
        b"event: %b\ndata: %b\n\n" % (str(said["type"]).encode(), spelled(said))
        for said in [begun, *blocks, {"type": "message_stop"}]
    ]
    agrees(anthropic_messages, b"".join(lines))
