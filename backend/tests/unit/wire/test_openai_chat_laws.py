"""What must hold for everything the Chat Completions format can say, whatever it is."""

import json
from itertools import pairwise
from typing import Final

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dragoman.chat import (
    AnyTool,
    Audio,
    Base64,
    BuiltinTool,
    ChatRequest,
    Document,
    Extras,
    Failure,
    FileRef,
    Image,
    InvalidInput,
    Json,
    Limits,
    Link,
    Message,
    Opaque,
    Output,
    Part,
    Reasoning,
    ReasoningWish,
    Reply,
    Sampling,
    Stop,
    StopReason,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    UpstreamError,
    Usage,
    events_of,
)
from dragoman.testing.grammar import check_grammar
from dragoman.testing.tapes import read_stream
from dragoman.wire import openai_chat as wire
from dragoman.wire.sse import encode_event

_NAME: Final = "openai_chat"

# Any text that UTF-8 can carry, and JSON in it.
_texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
_words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
_names = st.text("abc_-09", min_size=1, max_size=6)
_scalars = st.none() | st.booleans() | st.integers(-9, 2**60) | st.floats(-1, 1) | _texts
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=2),
    max_leaves=4,
)
_objects = st.dictionaries(_texts, _json, max_size=2)
_flags = st.none() | st.booleans()


def _extras(*forms: str) -> st.SearchStrategy[Extras | None]:
    """Extras with fields that nobody has heard of, and any of the marks that may stand here."""
    fields = st.dictionaries(st.sampled_from(["x_new", "x_other"]), _json, max_size=2)
    marks = st.lists(st.sampled_from(forms), unique=True, max_size=1) if forms else st.just([])
    return st.builds(
        lambda fields, form: Extras(_NAME, fields, tuple(form)) if fields or form else None,
        fields,
        marks,
    )


_bytes = st.builds(Base64, st.sampled_from(["image/png", "application/pdf"]), _words)
_links = st.builds(Link, _names.map("https://example.test/{}".format))
_listed_texts = st.builds(Text, _texts, _extras())
_images = st.builds(Image, _bytes | _links, st.sampled_from([None, "low", "high"]), _extras())
_documents = st.builds(Document, _bytes, _names, _extras()) | st.builds(
    Document, st.builds(FileRef, _names, st.just(_NAME)), st.none() | _names, _extras()
)
_audio = st.builds(
    Audio, st.builds(Base64, st.sampled_from(["audio/wav", "audio/mp3"]), _words), _extras()
)
_blocks = st.builds(
    lambda kind, fields: Opaque(_NAME, kind, {**fields, "type": kind}),
    st.sampled_from(["document_url", "reference"]),
    _objects,
)


def _content(*parts: st.SearchStrategy[Part]) -> st.SearchStrategy[tuple[Part, ...]]:
    """Parts as this format spells them: one string, or a list of at least two."""
    string = st.builds(lambda text: (Text(text),), _words)
    return st.just(()) | string | st.lists(st.one_of(*parts), min_size=2, max_size=4).map(tuple)


_user = st.builds(
    Message,
    st.just("user"),
    _content(_listed_texts, _images, _documents, _audio, _blocks),
    _extras(),
)
_system = st.builds(Message, st.just("system"), _content(_listed_texts), _extras("developer"))
_result = st.builds(
    lambda call_id, content, extras: Message(
        "user", (ToolResult(call_id, content, extras=extras),)
    ),
    _names,
    _content(_listed_texts),
    _extras(),
)
_reasoning = st.builds(
    Reasoning,
    _words,
    origin=st.just(_NAME),
    extras=st.sampled_from([None, Extras(_NAME, {}, ("reasoning",))]),
)
_calls = st.builds(ToolCall, _names, _names, _texts.filter(bool), _extras("untyped"))
_other_calls = st.builds(
    lambda name, text: Opaque(
        _NAME, "tool_call:custom", {"id": "c", "type": "custom", "custom": {"name": name}}, text
    ),
    _names,
    _texts,
)
_refusals = st.builds(Text, _words, st.just(Extras(_NAME, {}, ("refusal",))))


def _at_most_one(part: st.SearchStrategy[Part]) -> st.SearchStrategy[list[Part]]:
    return st.lists(part, max_size=1)


_turns = st.builds(
    lambda *groups: tuple(part for group in groups for part in group),
    _at_most_one(_reasoning),
    _content(_listed_texts, _blocks),
    _at_most_one(_refusals),
    st.lists(_calls | _other_calls, max_size=3),
)
_assistant = st.builds(Message, st.just("assistant"), _turns, _extras())

_tools: st.SearchStrategy[AnyTool] = st.builds(
    Tool, _names, st.none() | _texts, st.none() | _objects, _flags, _extras("untyped")
) | st.builds(
    lambda kind, fields: BuiltinTool(_NAME, kind, {**fields, "type": kind}),
    st.sampled_from(["custom", "web_search"]),
    _objects,
)
_choices = st.builds(
    ToolChoice, st.sampled_from([None, "auto", "none", "required"]), st.none(), st.booleans()
) | st.builds(ToolChoice, st.just("named"), _names, _flags, _extras())
_outputs = st.builds(
    Output, st.sampled_from(["text", "json_object"]), extras=_extras()
) | st.builds(
    Output, st.just("json_schema"), _objects, _names, st.none() | _texts, _flags, _extras()
)
_numbers = st.none() | st.floats(0, 2)
_requests = st.builds(
    ChatRequest,
    model=_names,
    messages=st.lists(st.one_of(_user, _system, _assistant, _result), max_size=4).map(tuple),
    tools=st.lists(_tools, max_size=2).map(tuple),
    tool_choice=st.none() | _choices,
    output=st.none() | _outputs,
    sampling=st.builds(
        Sampling, _numbers, _numbers, st.none(), st.none() | st.integers(), _numbers, _numbers
    ),
    reasoning=st.none() | st.builds(ReasoningWish, effort=_names),
    limits=st.builds(Limits, st.none() | st.integers(0, 9)),
    stop=st.lists(_texts, max_size=2).map(tuple),
    user=st.none() | _texts,
    metadata=st.none() | st.dictionaries(_names, _texts, max_size=2),
    extras=_extras("max_tokens").map(lambda extras: extras or Extras(_NAME)),
)


def _sayable(request: ChatRequest) -> ChatRequest:
    # A mark for the spelling of a limit goes with a limit.
    form = request.extras is not None and "max_tokens" in request.extras.form
    return replace(request, limits=Limits(1)) if form else request


@given(_requests.map(_sayable))
def test_a_request_that_is_written_is_read_as_it_was(request: ChatRequest):
    written = wire.write_request(request)

    assert wire.read_request(written.body) == request
    assert written.receipts == ()


_counts = st.integers(0, 99)
_usages = st.builds(
    Usage,
    _counts,
    _counts,
    st.none() | _counts,
    st.none() | _counts,
    st.none() | _counts,
    st.none() | st.builds(Extras, st.just(_NAME), st.just({"cost": 0.5})),
)
_stops = st.sampled_from(
    [
        Stop(StopReason.STOP, "stop"),
        Stop(StopReason.LENGTH, "length"),
        Stop(StopReason.TOOL, "tool_calls"),
        Stop(StopReason.CONTENT_FILTER, "content_filter"),
    ]
)
_said_turns = st.builds(
    lambda *groups: tuple(part for group in groups for part in group),
    _at_most_one(_reasoning),
    _at_most_one(st.builds(Text, _words)),
    st.lists(_calls | _other_calls, max_size=3),
)
_unknown_of_replies = st.builds(
    lambda top, choice, message: Extras(
        _NAME, {**top, "choices": [{**choice, "x_choice": 1, "message": {**message, "x_said": []}}]}
    ),
    st.dictionaries(st.sampled_from(["system_fingerprint", "x_new"]), _json, max_size=2),
    st.dictionaries(st.sampled_from(["logprobs", "x_new"]), _json, max_size=2),
    st.dictionaries(st.sampled_from(["annotations", "x_new"]), _json, max_size=2),
)
_replies = st.builds(
    Reply,
    id=st.none() | _texts,
    model=st.none() | _texts,
    created=st.none() | _counts,
    parts=_said_turns,
    stop=_stops,
    usage=st.none() | _usages,
    extras=st.none() | _unknown_of_replies,
)


@given(_replies)
def test_a_reply_that_is_written_is_read_as_it_was(reply: Reply):
    assert wire.read_reply(wire.write_reply(reply)) == reply


@given(_replies)
def test_a_reply_told_as_a_stream_is_read_as_it_was(reply: Reply):
    # A stream begins with an id, or with something said; a reply without either has no such start.
    reply = replace(reply, id=reply.id or "id")

    told = read_stream(wire, [wire.stream_writer().write(events_of(reply))])

    assert told.failure is None
    check_grammar(told.events)
    assert told.reply == reply


# What a server may send: pieces of channels in any order, and calls interleaved in any way.
_pieces = st.lists(
    st.tuples(st.sampled_from(["content", "reasoning_content", "refusal"]), _words)
    | st.tuples(st.integers(0, 3), st.sampled_from(["{", '"a', '\\"', '":1', "}", "[", "]", " "])),
    max_size=24,
)


@given(_pieces)
def test_no_word_of_a_stream_is_lost_however_it_is_interleaved(pieces: list[tuple[Json, str]]):
    chunks = [_chunk(_call_delta(key, "", "f")) for key in range(4)]
    chunks += [
        _chunk(_call_delta(key, text) if isinstance(key, int) else {key: text})
        for key, text in pieces
    ]

    told = read_stream(wire, [*chunks, b"data: [DONE]\n\n"])

    if told.failure is not None:
        assert told.failure.reason == "bad_payload"  # a call went on after its arguments were whole
        return
    check_grammar(told.events)
    parts = told.reply.parts
    assert _joined(pieces, "content") + _joined(pieces, "refusal") == "".join(
        sorted_texts(parts, refused=False) + sorted_texts(parts, refused=True)
    )
    assert _joined(pieces, "reasoning_content") == "".join(
        part.text for part in parts if isinstance(part, Reasoning)
    )
    # White space that follows a whole call says nothing.
    assert {part.id: part.arguments.rstrip() for part in parts if isinstance(part, ToolCall)} == {
        f"call_{key}": _joined(pieces, key).rstrip() for key in range(4)
    }


def sorted_texts(parts: tuple[Part, ...], *, refused: bool) -> list[str]:
    return [
        part.text
        for part in parts
        if isinstance(part, Text) and (part.extras is not None) is refused
    ]


def _joined(pieces: list[tuple[Json, str]], key: Json) -> str:
    return "".join(text for channel, text in pieces if channel == key)


def _chunk(delta: Json, **choice: Json) -> bytes:
    chunk = {"id": "id", "choices": [{"index": 0, "delta": delta, **choice}]}
    return encode_event(json.dumps(chunk).encode())


def _call_delta(key: int, arguments: str, name: str | None = None) -> Json:
    head = {} if name is None else {"id": f"call_{key}", "type": "function"}
    function = {"arguments": arguments} if name is None else {"name": name}
    return {"tool_calls": [{"index": key, **head, "function": function}]}


@given(_replies, st.lists(st.integers(0, 4000), max_size=8))
def test_a_stream_tells_the_same_however_it_is_cut(reply: Reply, cuts: list[int]):
    body = wire.stream_writer().write(events_of(reply))
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})

    pieces = [body[begin:end] for begin, end in pairwise(places)]

    assert read_stream(wire, pieces) == read_stream(wire, [body])


@given(_replies, st.floats(0, 1, exclude_max=True), st.booleans())
def test_a_stream_that_is_cut_is_never_whole(reply: Reply, where: float, clean: bool):  # noqa: FBT001
    body = wire.stream_writer(ChatRequest(model="m", messages=(), extras=Extras(_NAME))).write(
        events_of(replace(reply, id="id"))
    )
    before_the_end = body.rindex(b"data: {")
    cut = int(before_the_end * where)

    told = read_stream(wire, [body[:cut]], clean=clean)

    assert told.failure == Failure(
        message="the reply broke off before it was finished", reason="stream_interrupted"
    )
    check_grammar(told.events, finished=False)


# Whatever a server sends where an object, a list or a text should be.
_shapes = st.fixed_dictionaries(
    {},
    optional={
        "id": _json,
        "choices": st.lists(
            _json
            | st.fixed_dictionaries(
                {},
                optional={
                    "delta": _json
                    | st.dictionaries(
                        st.sampled_from(
                            [
                                *["role", "content", "refusal", "reasoning", "reasoning_details"],
                                *["tool_calls", "function_call", "annotations"],
                            ]
                        ),
                        _json
                        | st.lists(
                            st.dictionaries(
                                st.sampled_from(["index", "id", "type", "function", "custom"]),
                                _json,
                                max_size=4,
                            ),
                            max_size=2,
                        ),
                        max_size=3,
                    ),
                    "message": _json,
                    "finish_reason": _json,
                    "index": _json,
                },
            ),
            max_size=2,
        ),
        "usage": _json,
        "x_groq": _json,
        "error": _json,
    },
)


@given(st.lists(_shapes | _json, max_size=4))
def test_nothing_a_server_sends_breaks_the_reader(chunks: list[Json]):
    body = b"".join(encode_event(json.dumps(chunk).encode()) for chunk in chunks)

    told = read_stream(wire, [body, b"data: [DONE]\n\n"])

    check_grammar(told.events, finished=told.failure is None)


_whole_shapes = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "message": st.dictionaries(
                        st.sampled_from(
                            [
                                *["content", "refusal", "reasoning", "reasoning_details"],
                                *["tool_calls", "function_call"],
                            ]
                        ),
                        _json | st.lists(_blocks.map(lambda part: part.fields), max_size=2),
                        max_size=3,
                    ),
                    "finish_reason": _json,
                },
            ),
            max_size=1,
        ),
        "id": _json,
        "object": _json,
        "usage": _json,
    },
)


def _reply_or_reason(body: bytes) -> Reply | str | None:
    try:
        return wire.read_reply(body)
    except UpstreamError as error:
        return error.failure.reason


@given(_whole_shapes)
def test_whatever_a_server_sends_is_a_reply_or_a_bad_response(said: Json):
    heard = _reply_or_reason(json.dumps(said).encode())

    if isinstance(heard, Reply):
        # What was left out is filled in once, and then nothing changes any more.
        again = wire.read_reply(wire.write_reply(heard))
        assert again.parts == heard.parts
        assert wire.read_reply(wire.write_reply(again)) == again
    else:
        assert heard in {"empty_response", "bad_payload"}


_request_shapes = st.fixed_dictionaries(
    {"model": _names},
    optional={
        "messages": st.lists(
            st.fixed_dictionaries(
                {"role": st.sampled_from(["system", "user", "assistant", "tool"])},
                optional={
                    "content": _json | st.lists(_blocks.map(lambda part: part.fields), max_size=2),
                    "tool_calls": _json,
                    "tool_call_id": _json,
                },
            ),
            max_size=2,
        ),
        **dict.fromkeys(["tools", "tool_choice", "response_format", "stop", "metadata"], _json),
    },
)


def _request_or_path(body: bytes) -> ChatRequest | str:
    try:
        return wire.read_request(body)
    except InvalidInput as error:
        return error.path


@given(_request_shapes)
def test_whatever_a_client_sends_is_a_request_or_a_complaint_that_says_where(said: Json):
    heard = _request_or_path(json.dumps(said).encode())

    if isinstance(heard, ChatRequest):
        assert json.loads(wire.write_request(heard).body) == said
    else:
        assert heard


@given(_json | _shapes, st.sampled_from([200, 400, 503]))
def test_every_error_answer_has_facts(said: Json, status: int):
    failure = wire.read_failure(status, {}, json.dumps(said).encode())

    assert isinstance(failure.message, str)
    assert failure.status is not None


@given(st.binary(max_size=40))
def test_no_bytes_break_the_reading_of_an_error(body: bytes):
    assert wire.read_failure(500, {}, body).status == 500
