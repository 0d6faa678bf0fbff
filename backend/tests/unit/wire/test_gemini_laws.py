"""What must hold for everything Gemini's format can say, whatever it is."""

import json
from itertools import pairwise
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from dragoman.chat import (
    Extras,
    InvalidInput,
    Opaque,
    Part,
    Reasoning,
    Reply,
    Stop,
    StopReason,
    Text,
    ToolCall,
    UpstreamError,
    Usage,
    events_of,
)
from dragoman.testing.grammar import check_grammar
from dragoman.testing.tapes import read_stream
from dragoman.wire import gemini as wire
from dragoman.wire.sse import encode_event

_NAME: Final = "gemini"

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
_unknown = st.dictionaries(st.sampled_from(["xNew", "x_other"]), _json, max_size=2)


def _spelled(*either: str) -> st.SearchStrategy[str]:
    return st.sampled_from(either)


def _object(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda said, more: more | said, st.fixed_dictionaries(fields), _unknown)


def _beside(held: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Put a seal, or what nobody has heard of, beside what a part holds."""
    sealed = st.dictionaries(_spelled("thoughtSignature", "thought_signature"), _words, max_size=1)
    return st.builds(lambda *said: said[0] | said[1] | said[2], held, sealed, _unknown)


def _one_of(names: st.SearchStrategy[str], held: st.SearchStrategy[Any]) -> Any:
    return _beside(st.builds(lambda name, value: {name: value}, names, held))


_media = st.sampled_from(["image/png", "audio/wav", "application/pdf", "video/mp4"])
_blobs = st.builds(
    lambda name, media, content: {name: media, "data": content},
    _spelled("mimeType", "mime_type"),
    _media,
    _words,
)
_files = st.builds(
    lambda name, address: {name: address},
    _spelled("fileUri", "file_uri"),
    st.sampled_from(["gs://a/b", "https://example.test/a", "https://youtu.be/a"]),
)
_calls = st.fixed_dictionaries({"name": _names}, optional={"id": _names, "args": _objects})
_results = st.fixed_dictionaries(
    {"name": _names},
    optional={
        "id": _names,
        "response": _objects
        | st.fixed_dictionaries({"output": _texts})
        | st.fixed_dictionaries({"error": _texts}),
        "parts": st.lists(st.builds(lambda blob: {"inlineData": blob}, _blobs), max_size=2),
    },
)
_parts = st.one_of(
    _beside(st.fixed_dictionaries({"text": _texts}, optional={"thought": st.booleans()})),
    _one_of(_spelled("inlineData", "inline_data"), _blobs),
    _one_of(_spelled("fileData", "file_data"), _files),
    _one_of(_spelled("functionCall", "function_call"), _calls),
    _one_of(_spelled("functionResponse", "function_response"), _results),
    _one_of(_spelled("executableCode", "code_execution_result", "xPart"), _json),
)
_contents = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "role": st.sampled_from(["user", "model", "function"]),
            "parts": st.lists(_parts, max_size=3),
            "xNew": _json,
        },
    ),
    max_size=4,
)
_schemas = st.fixed_dictionaries(
    {"type": st.sampled_from(["OBJECT", "object", 6])},
    optional={
        "properties": st.dictionaries(_names, st.just({"type": "STRING", "nullable": True})),
        "nullable": st.booleans(),
        "minProperties": st.just("1"),
    },
)
_functions = st.fixed_dictionaries(
    {"name": _names},
    optional={"description": _texts, "parameters": _schemas, "parametersJsonSchema": _objects},
)
_tools = st.fixed_dictionaries(
    {},
    optional={
        "functionDeclarations": st.lists(_functions, max_size=2),
        "googleSearch": _objects,
        "url_context": _objects,
    },
)
_numbers = st.floats(0, 2)
_configs = st.fixed_dictionaries(
    {},
    optional={
        "temperature": _numbers,
        "topP": _numbers,
        "top_k": st.integers(0, 9) | _numbers,
        "maxOutputTokens": st.integers(0, 9),
        "stop_sequences": st.lists(_texts, max_size=2),
        "candidateCount": st.integers(1, 2),
        "responseMimeType": st.sampled_from(["application/json", "text/plain", "text/x.enum"]),
        "responseSchema": _schemas,
        "response_json_schema": _objects,
        "thinkingConfig": st.fixed_dictionaries(
            {},
            optional={
                "includeThoughts": st.booleans(),
                "thinking_budget": st.integers(-1, 9),
                "thinkingLevel": st.sampled_from(["LOW", "high"]),
            },
        ),
        "speechConfig": _objects,
    },
)
_requests = st.fixed_dictionaries(
    {"contents": _contents},
    optional={
        "systemInstruction": st.fixed_dictionaries(
            {"parts": st.lists(_beside(st.fixed_dictionaries({"text": _texts})), max_size=2)},
            optional={"role": st.just("user"), "xNew": _json},
        ),
        "tools": st.lists(_tools, max_size=3),
        "toolConfig": _object(
            functionCallingConfig=st.fixed_dictionaries(
                {},
                optional={
                    "mode": st.sampled_from(["AUTO", "ANY", "NONE", "VALIDATED", "any", 1]),
                    "allowedFunctionNames": st.lists(_names, max_size=2),
                },
            )
        ),
        "generationConfig": _configs,
        "safety_settings": st.lists(_objects, max_size=1),
        "xNew": _json,
    },
)


@given(_requests)
def test_a_request_that_is_read_is_written_as_it_was(body: Any):
    written = wire.write_request(wire.read_request(json.dumps(body).encode()))

    assert json.loads(written.body) == body
    assert written.receipts == ()


@given(_json | st.dictionaries(st.sampled_from(["contents", "tools", "generationConfig"]), _json))
def test_whatever_a_client_sends_is_a_request_or_a_complaint(body: Any):
    try:
        request = wire.read_request(json.dumps(body).encode())
    except InvalidInput:
        return
    assert json.loads(wire.write_request(request).body) == body


_sealed = st.builds(lambda seal: Extras(_NAME, {"thoughtSignature": seal}), _words)
_said: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, _texts, _sealed),
    st.builds(Reasoning, _texts, _words, origin=st.just(_NAME)),
    st.builds(
        ToolCall,
        _names,
        _names,
        st.builds(json.dumps, _objects),
        st.none() | _sealed,
    ),
    st.builds(lambda fields: Opaque(_NAME, "executableCode", {"executableCode": fields}), _objects),
)


def wire_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_counts = st.integers(0, 99)
_usages = st.builds(
    lambda asked, answered, thought, cached: Usage(
        asked, answered + thought, cached, None, thought
    ),
    _counts,
    _counts,
    _counts,
    st.none() | _counts,
)
_unknown_of_replies = st.builds(
    lambda top, candidate: Extras(_NAME, {**top, "candidates": [{**candidate, "xOne": 1}]}),
    st.dictionaries(st.sampled_from(["modelStatus", "xNew"]), _words, max_size=2),
    st.dictionaries(st.sampled_from(["avgLogprobs", "xNew"]), _words, max_size=2),
)
_stops = st.sampled_from(
    [Stop(StopReason.LENGTH, "MAX_TOKENS"), Stop(StopReason.CONTENT_FILTER, "SAFETY")]
)
# One text, or one thought, without a seal: two of them beside each other are one in a stream.
_replies = st.builds(
    lambda before, words, after, **more: Reply(parts=(*before, *words, *after), **more),
    st.lists(_said, max_size=2),
    st.lists(st.builds(Text, _words) | st.builds(Reasoning, _words, origin=st.just(_NAME))).map(
        lambda parts: parts[:1]
    ),
    st.lists(_said, max_size=2),
    id=st.none() | _words,
    model=st.none() | _words,
    stop=_stops,
    usage=st.none() | _usages,
    extras=st.none() | _unknown_of_replies,
)


def _plain(reply: Reply) -> Reply:
    """Spell every tool's arguments in one way."""
    return Reply(
        **{name: getattr(reply, name) for name in ("id", "model", "stop", "usage", "extras")},
        parts=tuple(
            ToolCall(part.id, part.name, wire_json(json.loads(part.arguments)), part.extras)
            if isinstance(part, ToolCall)
            else part
            for part in reply.parts
        ),
    )


@given(_replies)
def test_a_reply_that_is_written_is_read_as_it_was(reply: Reply):
    assert _plain(wire.read_reply(wire.write_reply(reply))) == _plain(reply)


@given(_replies)
def test_a_reply_told_as_a_stream_is_read_as_it_was(reply: Reply):
    told = read_stream(wire, [wire.stream_writer().write(events_of(reply))])

    assert told.failure is None
    check_grammar(told.events)
    assert _plain(told.reply) == _plain(reply)


@given(_replies, st.lists(st.integers(0, 4000), max_size=8), st.booleans())
def test_a_stream_tells_the_same_however_it_is_cut(reply: Reply, cuts: list[int], listed: bool):  # noqa: FBT001
    body = wire.stream_writer().write(events_of(reply))
    if listed:
        body = b"[%b]" % b",\r\n".join(event[6:] for event in body.split(b"\n\n")[:-1])
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})

    pieces = [body[begin:end] for begin, end in pairwise(places)]

    assert read_stream(wire, pieces) == read_stream(wire, [body])


@given(_replies, st.floats(0, 1, exclude_max=True), st.booleans())
def test_a_stream_that_is_cut_is_never_whole(reply: Reply, where: float, clean: bool):  # noqa: FBT001
    body = wire.stream_writer().write(events_of(reply))
    last = body.rindex(b"data: {")

    told = read_stream(wire, [body[: last + int((len(body) - 1 - last) * where)]], clean=clean)

    assert told.failure is not None
    assert told.failure.reason == "stream_interrupted"
    check_grammar(told.events, finished=False)


_shapes = st.fixed_dictionaries(
    {},
    optional={
        "candidates": st.lists(
            _json
            | st.fixed_dictionaries(
                {},
                optional={
                    "content": _json
                    | st.fixed_dictionaries(
                        {},
                        optional={
                            "parts": _json
                            | st.lists(
                                _json
                                | st.dictionaries(
                                    st.sampled_from(
                                        [
                                            *["text", "thought", "functionCall", "inlineData"],
                                            *["functionResponse", "fileData", "thoughtSignature"],
                                        ]
                                    ),
                                    _json
                                    | st.dictionaries(
                                        st.sampled_from(
                                            ["name", "args", "partialArgs", "willContinue", "id"]
                                        ),
                                        _json | st.just([{"jsonPath": "$.a[0]"}]),
                                        max_size=3,
                                    ),
                                    max_size=3,
                                ),
                                max_size=2,
                            ),
                            "role": _json,
                        },
                    ),
                    "finishReason": _json | st.just("STOP"),
                    "index": _json,
                },
            ),
            max_size=2,
        )
        | _json,
        "usageMetadata": _json | st.dictionaries(st.just("promptTokenCount"), _json),
        "promptFeedback": _json | st.just({"blockReason": "SAFETY"}),
        "responseId": _json,
        "modelVersion": _json,
        "createTime": _json,
        "error": _json,
    },
)


@given(st.lists(_shapes | _json, max_size=4))
def test_nothing_a_server_streams_breaks_the_reader(chunks: list[Any]):
    body = b"".join(encode_event(json.dumps(chunk).encode()) for chunk in chunks)

    told = read_stream(wire, [body])

    check_grammar(told.events, finished=told.failure is None)


@given(_shapes)
def test_whatever_a_server_sends_is_a_reply_or_a_failure(said: Any):
    try:
        heard = wire.read_reply(json.dumps(said).encode())
    except UpstreamError:
        return
    again = wire.read_reply(wire.write_reply(heard))
    assert again.parts == heard.parts
