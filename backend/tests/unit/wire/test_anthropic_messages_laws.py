"""What must hold for everything the Messages format can say, whatever it is."""

from itertools import pairwise
from typing import Final

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dragoman.chat import (
    AnyTool,
    Base64,
    BuiltinTool,
    ChatRequest,
    Document,
    Extras,
    FileRef,
    Image,
    JsonObject,
    Limits,
    Link,
    Message,
    Opaque,
    Output,
    Part,
    PlainText,
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
    fold,
)
from dragoman.testing.grammar import check_grammar
from dragoman.wire import anthropic_messages as wire
from dragoman.wire.anthropic_messages.words import AS_STRING, CUSTOM, STOP_REASONS, UNSTREAMED

_NAME: Final = "anthropic_messages"

# Any text that UTF-8 can carry, and JSON in it.
_texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
_names = st.text("abc_-09", min_size=1, max_size=6)
_scalars = st.none() | st.booleans() | st.integers(-9, 2**70) | st.floats(-1, 1) | _texts
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=2),
    max_leaves=4,
)
_objects = st.dictionaries(_texts, _json, max_size=2)


def _some(names: list[str]) -> st.SearchStrategy[JsonObject]:
    """Fields of these names, some of them or none."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, _json))


def _extras(*form: str) -> st.SearchStrategy[Extras | None]:
    """Fields nobody knows, and perhaps a mark of how something was spelled."""
    fields = _some(["x_new", "cache_control"])
    marks = st.lists(st.sampled_from(form), max_size=1) if form else st.just([])
    both = st.tuples(fields, marks).filter(any)
    return st.none() | both.map(lambda it: Extras(_NAME, it[0], tuple(it[1])))


_arguments = _objects.map(lambda given: msgspec.json.encode(given).decode())
_text = st.builds(Text, _texts, _extras())
_links = st.builds(Link, _texts) | st.builds(FileRef, _names, st.just(_NAME))
_image = st.builds(Image, st.builds(Base64, _texts, _texts) | _links, st.none(), extras=_extras())
_document = st.builds(
    Document,
    st.builds(Base64, st.just("application/pdf"), _texts)
    | _links
    | st.builds(PlainText, _texts, _texts),
    st.none() | _texts,
    _extras(),
)
_call = st.builds(ToolCall, _names, _names, _arguments, _extras())
_thought = st.builds(
    Reasoning, _texts, st.none() | _names, st.none(), st.just(_NAME), _extras()
) | st.builds(Reasoning, encrypted=_texts, origin=st.just(_NAME), extras=_extras())
_opaque = st.builds(
    lambda kind, fields, given: Opaque(
        _NAME, kind, {"type": kind, **fields, "input": {}}, msgspec.json.encode(given).decode()
    ),
    st.sampled_from(["server_tool_use", "mcp_tool_use"]),
    _some(["name", "x_new"]),
    st.dictionaries(_texts, _json, min_size=1, max_size=2),
) | st.builds(
    lambda kind, fields: Opaque(_NAME, kind, {"type": kind, **fields}),
    st.sampled_from(["invented", "web_search_tool_result"]),
    _some(["content", "x_new"]),
)


@st.composite
def _results(draw: st.DrawFn) -> ToolResult:
    content, extras = draw(_contents(_text | _image | _document | _opaque))
    flag = draw(st.none() | st.booleans())
    return ToolResult(draw(_names), content, flag, extras)


@st.composite
def _contents(
    draw: st.DrawFn, parts: st.SearchStrategy[Part]
) -> tuple[tuple[Part, ...], Extras | None]:
    """Give a content in one of its two spellings."""
    if draw(st.booleans()):
        return (Text(draw(_texts)),), Extras(_NAME, {}, (AS_STRING,))
    return tuple(draw(st.lists(parts, min_size=1, max_size=4))), draw(_extras())


@st.composite
def _messages(draw: st.DrawFn) -> Message:
    role = draw(st.sampled_from(("user", "assistant", "system")))
    parts = _text | _image | _document | _call | _results() | _thought | _opaque
    content, extras = draw(_contents(parts))
    return Message(role, content, extras)


_schemas = _objects.map(lambda rest: {"type": "object", **rest}).filter(
    lambda schema: schema["type"] == "object"
)
_tools: st.SearchStrategy[AnyTool] = st.builds(
    Tool, _names, st.none() | _texts, _schemas, st.none() | st.booleans(), _extras(CUSTOM)
) | st.builds(
    lambda kind, fields: BuiltinTool(_NAME, kind, fields | {"type": kind}),
    st.sampled_from(["web_search_20250305", "bash_20250124"]),
    _objects,
)
_parallel = st.none() | st.booleans()
_choices = st.builds(
    ToolChoice, st.sampled_from(("auto", "none", "required")), st.none(), _parallel, _extras()
) | st.builds(ToolChoice, st.just("named"), _names, _parallel, _extras())
_wishes = st.builds(
    ReasoningWish,
    st.sampled_from(("on", "off", "adaptive")),
    st.none() | _names,
    st.none() | st.integers(0, 9999),
    _extras(),
) | st.builds(ReasoningWish, effort=_names)
_sampling = st.builds(
    Sampling,
    st.none() | st.floats(0, 1),
    st.none() | st.floats(0, 1),
    st.none() | st.integers(0, 99),
)
_outputs = st.builds(
    lambda schema, extras: Output("json_schema", schema, extras=extras), _objects, _extras()
)


@st.composite
def _requests(draw: st.DrawFn) -> ChatRequest:
    system, spelling = draw(st.just(((), None)) | _contents(_text))
    form = spelling.form if spelling is not None else ()
    stream = draw(st.booleans())
    if not stream and draw(st.booleans()):
        form = (*form, UNSTREAMED)
    fields = draw(_some(["container", "service_tier"]))
    return ChatRequest(
        model=draw(_texts),
        system=tuple(part for part in system if isinstance(part, Text)),
        messages=tuple(draw(st.lists(_messages(), min_size=1, max_size=4))),
        tools=tuple(draw(st.lists(_tools, max_size=2))),
        tool_choice=draw(st.none() | _choices),
        output=draw(st.none() | _outputs),
        sampling=draw(_sampling),
        reasoning=draw(st.none() | _wishes),
        limits=Limits(draw(st.integers(0, 9999))),
        stop=tuple(draw(st.lists(_texts, max_size=2))),
        stream=stream,
        user=draw(st.none() | _texts),
        extras=Extras(_NAME, fields, form),
    )


@st.composite
def _usages(draw: st.DrawFn) -> Usage:
    count = st.integers(0, 10**9)
    read, written = draw(st.none() | count), draw(st.none() | count)
    fields = draw(_some(["service_tier", "cache_creation"]))
    return Usage(
        input=draw(count) + (read or 0) + (written or 0),
        output=draw(count),
        cache_read=read,
        cache_write=written,
        reasoning=draw(st.none() | count),
        extras=Extras(_NAME, fields) if fields else None,
    )


@st.composite
def _replies(draw: st.DrawFn) -> Reply:
    word = draw(st.sampled_from([*STOP_REASONS, "invented_tomorrow"]))
    fields = draw(_some(["container", "stop_details", "context_management", "x_new"]))
    if word not in STOP_REASONS:
        fields["stop_reason"] = word
    return Reply(
        id=draw(_names),
        model=draw(_names),
        parts=tuple(draw(st.lists(_text | _call | _thought | _opaque, max_size=4))),
        stop=Stop(STOP_REASONS.get(word, StopReason.STOP), word, draw(st.none() | _texts)),
        usage=draw(_usages()),
        extras=Extras(_NAME, fields) if fields else None,
    )


@given(_requests())
def test_a_request_that_is_written_is_read_back_as_it_was(request: ChatRequest):
    written = wire.write_request(request)

    assert wire.read_request(written.body) == request
    assert written.receipts == ()


@given(_requests())
def test_writing_what_was_read_changes_no_byte(request: ChatRequest):
    body = wire.write_request(request).body

    assert wire.write_request(wire.read_request(body)).body == body


@given(_requests())
def test_any_request_goes_out_without_its_origin_too(request: ChatRequest):
    hello = Message("user", (Text("Hello"),))
    stripped = replace(request, extras=None, messages=(hello, *request.messages))

    body = wire.write_request(stripped).body

    again = wire.read_request(body)
    roles = [message.role for message in again.messages]
    assert "system" not in roles
    assert all(first != second for first, second in pairwise(roles))


@given(_replies())
def test_a_reply_that_is_written_whole_is_read_back_as_it_was(reply: Reply):
    assert wire.read_reply(wire.write_reply(reply)) == reply


@given(_replies(), st.integers(1, 200))
def test_a_reply_that_is_streamed_is_read_back_as_it_was(reply: Reply, piece: int):
    body = wire.stream_writer().write(events_of(reply))
    reader = wire.stream_reader()

    events = [
        event
        for begin in range(0, len(body), piece)
        for event in reader.feed(body[begin : begin + piece])
    ]
    events += reader.close(clean=True)

    check_grammar(events)
    assert fold(events) == reply
    assert b"".join(event.source or b"" for event in events) == body


@given(_replies(), st.data())
def test_a_stream_cut_at_any_byte_is_never_whole(reply: Reply, data: st.DataObject):
    body = wire.stream_writer().write(events_of(reply))
    cut = data.draw(st.integers(0, len(body) - 1))
    reader = wire.stream_reader()

    events = reader.feed(body[:cut])

    check_grammar(events, finished=False)
    try:
        reader.close(clean=data.draw(st.booleans()))
    except UpstreamError:
        return
    raise AssertionError("a cut stream was taken for whole")


@given(st.binary(max_size=200))
def test_no_bytes_make_a_reader_raise_but_at_the_end(noise: bytes):
    reader = wire.stream_reader()

    reader.feed(b"data: " + noise + b"\n\n")

    assert wire.read_failure(500, {}, noise).status == 500


@given(_json)
def test_no_event_makes_a_reader_raise_but_at_the_end(said: object):
    message = {"id": "m", "content": [], "usage": {"output_tokens": 1}}
    kinds = ["message_start", "content_block_start", "content_block_delta", "message_delta"]
    for kind in kinds:
        reader = wire.stream_reader()
        for event in (
            {"type": "message_start", "message": message},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},
            {"type": kind, "index": 0, "delta": said, "message": said, "content_block": said},
            {"type": kind, "index": said, "delta": {"type": "x_delta", "x": said}, "usage": said},
        ):
            reader.feed(b"data: " + msgspec.json.encode(event) + b"\n\n")
