import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dragoman.chat import ChatRequest, Extras, UpstreamError
from dragoman.wire import anthropic_messages, openai_chat
from dragoman.wire.refrain import Refrain, Retelling
from dragoman.wire.sse import MAX_EVENT
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


def events_of(reader: EventStreamReader, reads: list[bytes]) -> list:
    events = []
    try:
        for read in reads:
            events += reader.feed(read)
        return [*events, *reader.close(clean=True)]
    except UpstreamError as error:
        return [*events, error.failure]


def agrees(wire, lines: list[bytes], cut: int) -> None:
    """Hold a reader that heeds refrains against one that decodes every event, whatever is read."""
    stream = b"".join(lines)
    for reads in (lines, [stream], [stream[:cut], stream[cut:]]):
        slow = wire.stream_reader()
        slow._refrain = _Deaf()
        assert events_of(wire.stream_reader(), reads) == events_of(slow, reads)


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


LINE_ENDS = st.sampled_from([b"\n", b"\r\n"])
DONE = b"data: [DONE]\n\n"


def chat_lines(pieces, end: bytes, separators: tuple[str, str] = (",", ":")) -> list[bytes]:
    chunks = [
        {"id": "c1", "model": "vendors", "choices": [{"index": 0, **piece}], **top}
        | ({} if padding is None else {"obfuscation": padding})
        for piece, top, padding in pieces
    ]
    return [b"data: " + spelled(said, separators) + end + end for said in chunks]


CHATS = st.lists(st.tuples(CHAT_PIECES, TOPS, PADDED), max_size=12)


@given(CHATS, LINE_ENDS, st.integers(0, 2000))
def test_a_chat_stream_is_heard_the_same_with_and_without_refrains(pieces, end, cut):
    agrees(openai_chat, [*chat_lines(pieces, end), DONE], cut)


class _Forgetful(Retelling):
    def learn(self, *_: object) -> None:
        pass


QUESTION = ChatRequest(model="ours", messages=(), stream=True, extras=Extras("openai_chat"))


@given(CHATS, LINE_ENDS, SPACED, st.sampled_from(["ours", " the", "content"]))
def test_a_chat_stream_is_passed_on_the_same_with_and_without_retelling(
    pieces, end, separators, ours
):
    reader = openai_chat.stream_reader()
    quick = openai_chat.stream_writer(QUESTION, model=ours)
    slow = openai_chat.stream_writer(QUESTION, model=ours)
    slow._retelling = _Forgetful(KEY)
    for line in chat_lines(pieces, end, separators):
        events = reader.feed(line)
        assert quick.write(events) == slow.write(events)


def test_what_repeats_is_passed_on_with_its_words_as_they_were_spelled():
    end = {"finish_reason": None}
    pieces = [({"delta": {"content": words}, **end}, {}, "x7") for words in ("a", "b", "\u00e9")]
    lines = chat_lines(pieces, b"\n")
    lines[-1] = lines[-1].replace("\u00e9".encode(), b"\\u00e9")
    reader = openai_chat.stream_reader()
    writer = openai_chat.stream_writer(QUESTION, model="ours")

    told = [writer.write(reader.feed(line)) for line in lines]

    assert told == [
        line.replace(b'"vendors"', b'"ours"').replace(b',"obfuscation":"x7"', b"") for line in lines
    ]


def test_an_event_that_is_too_long_is_refused_though_it_repeats():
    reader = openai_chat.stream_reader()
    pieces = [({"delta": {"content": words}}, {}, None) for words in ("a", "b", "c" * MAX_EVENT)]
    told = events_of(reader, chat_lines(pieces, b"\n"))
    assert told[-1].reason == "event_too_large"


def test_words_that_wait_for_a_call_are_heard_after_it_though_they_repeat():
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{"}}
    more = {"index": 0, "function": {"arguments": "}"}}
    words = {"delta": {"content": "a"}}
    pieces = [
        {"delta": {"tool_calls": [call]}},
        words,
        words,
        words,
        {"delta": {"tool_calls": [more]}},
    ]
    lines = chat_lines([(piece, {}, None) for piece in pieces], b"\n")
    agrees(openai_chat, [*lines, DONE], 0)


GROWING = [
    ("text_delta", "text"),
    ("thinking_delta", "thinking"),
    ("input_json_delta", "partial_json"),
]


def _delta(index: int, kind: tuple[str, str], words: str) -> dict:
    delta = {"type": kind[0], kind[1]: words}
    return {"type": "content_block_delta", "index": index, "delta": delta}


BLOCKS = st.one_of(
    st.builds(_delta, st.integers(0, 1), st.just(GROWING[0]), WORDS),
    st.builds(_delta, st.integers(0, 1), st.sampled_from(GROWING), WORDS),
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


@given(st.lists(BLOCKS, max_size=14), st.integers(0, 2000))
def test_a_messages_stream_is_heard_the_same_with_and_without_refrains(blocks, cut):
    begun = {"type": "message_start", "message": {"id": "m1", "role": "assistant", "content": []}}
    lines = [
        b"event: %b\ndata: %b\n\n" % (str(said["type"]).encode(), spelled(said))
        for said in [begun, *blocks, {"type": "message_stop"}]
    ]
    agrees(anthropic_messages, lines, cut)


def words_alone(*words: str) -> list[bytes]:
    return chat_lines([({"delta": {"content": said}}, {}, None) for said in words], b"\n")


def test_what_repeats_is_not_heard_in_the_midst_of_another_event():
    first, second, third, fourth = words_alone("a", "b", "c", "d")
    reader = openai_chat.stream_reader()
    told = events_of(reader, [first, second, third[:-9], fourth])
    assert told[-1].reason == "bad_json"


def test_words_that_are_the_models_name_leave_it_alone():
    lines = words_alone("ours", "ours", "theirs")
    reader = openai_chat.stream_reader()
    writer = openai_chat.stream_writer(QUESTION, model="ours")

    told = [writer.write(reader.feed(line)) for line in lines]

    assert told == [line.replace(b'"vendors"', b'"ours"') for line in lines]


def test_bytes_that_are_no_text_are_passed_on_and_nothing_is_learnt_of_them():
    lines = [line.replace(b"@", b"\xff") for line in words_alone("a@", "b@", "c")]
    reader = openai_chat.stream_reader()
    writer = openai_chat.stream_writer(QUESTION, model="ours")

    told = [writer.write(reader.feed(line)) for line in lines]

    assert told == [line.replace(b'"vendors"', b'"ours"') for line in lines]


def test_thinking_that_repeats_is_heard_by_its_words():
    block = {"type": "thinking", "thinking": ""}
    said = [
        {"type": "message_start", "message": {"id": "m1", "role": "assistant", "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *(_delta(0, GROWING[1], words) for words in ("I", " see", " no", "thing")),
    ]
    reader = anthropic_messages.stream_reader()
    lines = [b"event: %b\ndata: %b\n\n" % (str(one["type"]).encode(), spelled(one)) for one in said]
    heard = []
    hear = reader._hear
    reader._hear = lambda event: (heard.append(event), hear(event))

    told = [event for line in lines for event in reader.feed(line)]

    assert [event.text for event in told[2:]] == ["I", " see", " no", "thing"]
    assert [event.source for event in told] == lines
    assert len(heard) == 3
