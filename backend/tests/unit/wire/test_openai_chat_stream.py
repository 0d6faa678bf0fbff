"""A streamed reply in Chat Completions: told part by part, and whole only when it is."""

import json
from typing import Final

import pytest

from dragoman.chat import (
    Aside,
    Category,
    ChatRequest,
    Extras,
    Failure,
    Json,
    JsonObject,
    LLMConnectionError,
    Opaque,
    Part,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    Receipt,
    Reply,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    StreamEvent,
    Text,
    ToolCall,
    Usage,
    events_of,
)
from dragoman.testing.grammar import check_grammar
from dragoman.testing.tapes import Telling, read_stream
from dragoman.wire import openai_chat as wire
from dragoman.wire.sse import encode_event

_NAME: Final = "openai_chat"
_DONE: Final = b"data: [DONE]\n\n"
# A request that does not ask for the usage of a stream.
_UNASKED: Final = ChatRequest(model="m", messages=(), extras=Extras(_NAME))
_HEAD: Final = {"id": "c-1", "object": "chat.completion.chunk", "created": 7, "model": "m"}
_COST: Final = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}


def mark(*form: str, **fields: Json) -> Extras:
    return Extras(_NAME, fields, form)


def chunk(delta: Json = None, finish: Json = None, **fields: Json) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return event({**_HEAD, "choices": [choice], **fields})


def event(payload: Json, name: str | None = None) -> bytes:
    return encode_event(json.dumps(payload).encode(), name)


def call(index: Json, arguments: str | None = None, **head: Json) -> JsonObject:
    function: JsonObject = {} if arguments is None else {"arguments": arguments}
    if name := head.pop("name", None):
        function["name"] = name
        head.setdefault("type", "function")
    place = {} if index is None else {"index": index}
    return {"tool_calls": [{**place, **head, "function": function}]}


def told(*chunks: bytes, clean: bool = True) -> Telling:
    telling = read_stream(wire, chunks, clean=clean)
    check_grammar(telling.events, finished=telling.failure is None)
    return telling


def parts_of(*chunks: bytes) -> tuple[Part, ...]:
    telling = told(*chunks, _DONE)
    assert telling.failure is None
    return telling.reply.parts


OPENING: Final = chunk({"role": "assistant", "content": ""})
FINISH: Final = chunk(finish="stop")


def test_an_answer_is_told_as_it_comes():
    chunks = [OPENING, chunk({"content": "Hel"}), chunk({"content": "lo"}), FINISH]
    usage = event({**_HEAD, "choices": [], "usage": _COST})
    reader = wire.stream_reader()

    heard = [reader.feed(piece) for piece in (*chunks, usage, _DONE)]

    assert heard == [
        [ResponseStart("c-1", "m", 7, source=OPENING, wire=_NAME)],
        [PartStart(0, Text(""), source=chunks[1]), PartDelta(0, "Hel", source=b"")],
        [PartDelta(0, "lo", source=chunks[2])],
        [Aside(FINISH)],
        [Aside(usage)],
        [
            PartEnd(0, source=_DONE),
            ResponseEnd(Stop(StopReason.STOP, "stop"), Usage(9, 2), source=b""),
        ],
    ]
    assert reader.done
    assert reader.close(clean=True) == []


def test_what_comes_after_the_end_is_not_heard():
    again = [chunk({"content": "again"}), _DONE, b"data: {\n\n", event({"error": "late"})]

    telling = told(OPENING, chunk({"content": "once"}), FINISH, _DONE, *again)

    assert telling.failure is None
    assert telling.reply.text == "once"


def test_reasoning_then_words_then_a_call_are_three_parts():
    assert parts_of(
        chunk({"role": "assistant", "content": "", "reasoning_content": "Let me "}),
        chunk({"reasoning_content": "look."}),
        chunk({"content": "Looking."}),
        chunk(call(0, "", id="c", name="look")),
        chunk(call(0, '{"at":')),
        chunk(call(0, '"it"}')),
        chunk(finish="tool_calls"),
    ) == (
        Reasoning("Let me look.", origin=_NAME),
        Text("Looking."),
        ToolCall("c", "look", '{"at":"it"}'),
    )


def test_words_may_come_back_after_a_call():
    assert parts_of(
        chunk({"content": "a"}), chunk(call(0, "{}", id="c", name="f")), chunk({"content": "b"})
    ) == (Text("a"), ToolCall("c", "f", "{}"), Text("b"))


def test_a_refusal_is_a_text_of_its_own():
    telling = told(OPENING, chunk({"refusal": "I "}), chunk({"refusal": "won't."}), FINISH, _DONE)

    assert telling.reply.parts == (Text("I won't.", mark("refusal")),)
    assert telling.reply.stop == Stop(StopReason.REFUSAL, "stop")


def test_reasoning_in_the_other_field_remembers_which():
    extras = mark("reasoning")

    assert parts_of(
        chunk({"reasoning": "a"}), chunk({"reasoning": "b"}), chunk({"content": "c"})
    ) == (Reasoning("ab", origin=_NAME, extras=extras), Text("c"))


def test_reasoning_that_comes_back_remembers_its_field_too():
    thought = mark("reasoning")

    assert parts_of(
        chunk({"reasoning": "a"}), chunk({"content": "b"}), chunk({"reasoning": "c"})
    ) == (
        Reasoning("a", origin=_NAME, extras=thought),
        Text("b"),
        Reasoning("c", origin=_NAME, extras=thought),
    )


def test_sealed_details_come_together_by_their_index():
    def detail(**fields: Json) -> bytes:
        text = fields.get("text")
        delta = {"content": "", "reasoning": text, "reasoning_details": [{"index": 0, **fields}]}
        return chunk({"role": "assistant", **delta})

    (part,) = parts_of(
        detail(type="reasoning.text", text="One, "),
        detail(type="reasoning.text", text="two."),
        detail(type="reasoning.text", signature="seal"),
        detail(type="reasoning.encrypted", data="…"),
    )

    assert part == Reasoning(
        "One, two.",
        origin=_NAME,
        extras=mark(
            "reasoning",
            reasoning_details=[
                {"index": 0, "type": "reasoning.text", "text": "One, two.", "signature": "seal"},
                {"index": 0, "type": "reasoning.encrypted", "data": "…"},
            ],
        ),
    )


def test_thinking_in_content_parts_is_reasoning_and_text_in_them_is_text():
    def thought(text: str, **fields: Json) -> JsonObject:
        return {"type": "thinking", "thinking": [{"type": "text", "text": text}], **fields}

    reference = {"type": "reference", "reference_ids": [1]}
    assert parts_of(
        chunk({"role": "assistant", "content": [thought("Hm")]}),
        chunk({"content": [thought("m.", closed=True)]}),
        chunk({"content": [{"type": "thinking", "thinking": thought("!")["thinking"] * 2}]}),
        chunk({"content": [{"type": "text", "text": "Ye"}]}),
        chunk({"content": "s"}),
        chunk({"content": [reference, {"type": "text", "text": "!"}]}),
    ) == (
        Reasoning("Hmm.!!", origin=_NAME, extras=mark("thinking", closed=True)),
        Text("Yes"),
        Opaque(_NAME, "reference", reference),
        Text("!"),
    )


def test_words_in_a_list_are_remembered_as_such_where_a_string_would_do():
    telling = told(chunk({"content": [{"type": "text", "text": "a"}]}), FINISH, _DONE)

    assert telling.reply.parts == (Text("a"),)
    assert telling.reply.extras == mark("parts")


def test_a_refusal_in_a_list_stays_there():
    item = {"type": "refusal", "refusal": "No."}

    assert parts_of(chunk({"content": [item]})) == (Text("No.", mark("refusal", "parts")),)


def test_calls_that_come_whole_are_told_at_once():
    whole = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    other = {"index": 1, "id": "b", "function": {"name": "g", "arguments": "[]"}}

    assert parts_of(chunk({"tool_calls": [whole, other]})) == (
        ToolCall("a", "f", "{}", mark("untyped")),
        ToolCall("b", "g", "[]", mark("untyped")),
    )


def test_a_call_in_the_midst_of_another_waits_until_that_is_whole():
    reader = wire.stream_reader()
    reader.feed(OPENING)
    reader.feed(chunk(call(0, '{"a":', id="a", name="f")))
    reader.feed(chunk(call(1, "{", id="b", name="g")))
    reader.feed(chunk({"content": "meanwhile"}))

    heard = reader.feed(chunk(call(0, '"}\\""}')))

    assert [type(event).__name__ for event in heard] == [
        *["PartDelta", "PartEnd", "PartStart", "PartDelta"],
    ]
    assert heard[2].part == ToolCall("b", "g", "")  # type: ignore[union-attr]
    assert reader.feed(chunk(call(1, "}")))[-1] == PartDelta(2, "meanwhile", source=b"")


def test_what_waits_is_told_at_the_end_if_a_call_never_becomes_whole():
    assert parts_of(
        chunk(call(0, '{"a": "', id="a", name="f")),
        chunk(call(1, "", id="b", name="g")),
        chunk({"content": "done"}),
    ) == (ToolCall("a", "f", '{"a": "'), ToolCall("b", "g", ""), Text("done"))


@pytest.mark.parametrize(
    "pieces",
    [
        ['{"a":"\\', '""}'],
        ['{"a":"\\\\', '"}'],
        ['{"a":"}"', "}"],
        ['["', '{"]'],
        ["{", '"a":{"b":[]}', "}"],
    ],
)
def test_where_arguments_end_is_known_however_they_are_cut(pieces: list[str]):
    first, *others = pieces
    reader = wire.stream_reader()
    reader.feed(chunk(call(0, first, id="a", name="f")))
    reader.feed(chunk(call(1, "{}", id="b", name="g")))

    heard = [event for piece in others for event in reader.feed(chunk(call(0, piece)))]

    starts = [event.part for event in heard if isinstance(event, PartStart)]
    assert starts == [ToolCall("b", "g", "")]


def test_a_call_that_goes_on_after_it_was_whole_is_a_bad_response():
    telling = told(
        chunk(call(0, "{}", id="a", name="f")),
        chunk(call(1, "{}", id="b", name="g")),
        chunk(call(0, " \n")),
        chunk(call(0, "{}")),
        _DONE,
    )

    assert telling.failure is not None
    assert telling.failure.reason == "bad_payload"


@pytest.mark.parametrize("index", [None, "0"])
def test_calls_without_a_number_are_known_by_their_ids(index: Json):
    def piece(call_id: str, arguments: str, **head: Json) -> bytes:
        entry = {"id": call_id, "function": {"arguments": arguments, **head}, "index": index}
        return chunk({"tool_calls": [entry]})

    assert parts_of(
        piece("a", "{", name="f"), piece("", "}"), piece("b", "{", name="g"), piece("b", "}")
    ) == (ToolCall("a", "f", "{}", mark("untyped")), ToolCall("b", "g", "{}", mark("untyped")))


def test_calls_without_number_and_id_are_known_by_their_place():
    first = {"function": {"name": "f", "arguments": "{}"}}
    second = {"function": {"name": "g", "arguments": "{}"}}

    assert [part.name for part in parts_of(chunk({"tool_calls": [first, second]}))] == ["f", "g"]  # type: ignore[union-attr]


def test_calls_that_all_have_the_same_number_are_told_apart_by_their_ids():
    assert parts_of(
        chunk(call(0, "{}", id="a", name="f")),
        chunk(call(0, "{}", id="b", name="f")),
    ) == (ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"))


def test_an_id_made_up_anew_for_each_piece_is_no_new_call():
    assert parts_of(
        chunk(call(0, "{", id="a", name="f")),
        chunk(call(0, "}", id="x")),
        chunk(call(0, "", id="")),
    ) == (ToolCall("a", "f", "{}"),)


def test_a_name_that_is_told_again_is_told_once():
    assert parts_of(
        chunk(call(0, "{", id="a", name="f")), chunk(call(0, "}", id="a", name="f"))
    ) == (ToolCall("a", "f", "{}"),)


def test_a_call_is_told_when_its_name_is_known():
    reader = wire.stream_reader()
    reader.feed(OPENING)

    assert not any(isinstance(e, PartStart) for e in reader.feed(chunk(call(0, None, id="a"))))
    assert reader.feed(chunk(call(0, None, name="f")))[0].part == ToolCall("a", "f", "")  # type: ignore[union-attr]


def test_what_comes_before_the_name_is_kept():
    assert parts_of(
        chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"arguments": "{"}, "x": 1}]}),
        chunk(
            {"tool_calls": [{"index": 0, "id": "", "function": {"arguments": "}", "name": "f"}}]}
        ),
    ) == (ToolCall("a", "f", "{}", mark("untyped", x=1)),)


def test_a_call_that_never_has_a_name_is_told_at_the_end():
    assert parts_of(chunk(call(0, None, id="a"))) == (ToolCall("a", "", "", mark("untyped")),)


def test_unknown_fields_of_a_call_stay_with_it():
    sealed = {"google": {"thought_signature": "seal"}}
    first = {"index": 0, "id": "a", "type": "function", "extra_content": sealed}

    assert parts_of(
        chunk({"tool_calls": [{**first, "function": {"name": "f", "strict": True}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}", "done": 1}, "x": 2}]}),
    ) == (
        ToolCall(
            "a", "f", "{}", mark(extra_content=sealed, function={"strict": True, "done": 1}, x=2)
        ),
    )


def test_arguments_that_are_an_object_become_the_text_they_should_have_been():
    entry = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": {}}}

    assert parts_of(chunk({"tool_calls": [entry]})) == (ToolCall("a", "f", "{}"),)


def test_a_call_of_another_kind_is_carried_and_its_words_grow():
    head = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql", "input": ""}}

    assert parts_of(
        chunk({"tool_calls": [head]}),
        chunk({"tool_calls": [{"index": 0, "custom": {"input": "SELECT"}}]}),
        chunk({"tool_calls": [{"index": 0, "custom": {"input": " 1"}}]}),
    ) == (
        Opaque(
            _NAME,
            "tool_call:custom",
            {"id": "a", "type": "custom", "custom": {"name": "sql"}},
            "SELECT 1",
        ),
    )


def test_a_call_in_the_old_words_is_told():
    telling = told(
        chunk({"role": "assistant", "content": None, "function_call": {"name": "f"}}),
        chunk({"function_call": {"arguments": "{"}}),
        chunk({"function_call": {"arguments": "}"}}),
        chunk(finish="function_call"),
        _DONE,
    )

    assert telling.reply.parts == (ToolCall("call_0", "f", "{}", mark("function")),)
    assert telling.reply.stop == Stop(StopReason.TOOL, "function_call")


def test_unknown_fields_are_gathered_as_a_whole_reply_would_have_them():
    telling = told(
        event(
            {
                **_HEAD,
                "service_tier": "default",
                "obfuscation": "xy",
                "choices": [{"index": 0, "delta": {"role": "assistant"}, "logprobs": None}],
            }
        ),
        event(
            {
                **_HEAD,
                "p": "abc",
                "citations": ["a"],
                "choices": [
                    {
                        "index": 0,
                        "delta": {"content": "Hi", "annotations": [1], "refusal": None},
                        "logprobs": {"content": ["Hi"]},
                    }
                ],
            }
        ),
        event(
            {
                **_HEAD,
                "service_tier": "flex",
                "citations": ["a", "b"],
                "choices": [
                    {
                        "index": 0,
                        "delta": {"annotations": [2]},
                        "logprobs": {"content": ["!"]},
                        "finish_reason": "stop",
                    }
                ],
            }
        ),
        _DONE,
    )

    first = telling.events[0]
    assert isinstance(first, ResponseStart)
    assert first.extras == mark(service_tier="default")
    assert telling.reply.extras == mark(
        service_tier="flex",
        citations=["a", "b"],
        choices=[
            {
                "logprobs": {"content": ["Hi", "!"]},
                "message": {"annotations": [1, 2], "refusal": None},
            }
        ],
    )


def test_an_object_that_chunks_tell_in_turns_comes_together():
    first, last = {"x_groq": {"id": "g", "seed": 1}}, {"x_groq": {"seed": None, "cost": {"a": 1}}}

    telling = told(chunk({"content": "Hi"}, **first), chunk(finish="stop", **last), _DONE)

    assert telling.reply.extras == mark(x_groq={"id": "g", "seed": 1, "cost": {"a": 1}})


def test_a_field_that_was_null_until_it_said_something_is_known():
    telling = told(
        chunk({"role": "assistant", "content": None, "refusal": None, "tool_calls": None}),
        chunk(call(0, "{}", id="a", name="f")),
        chunk({"refusal": "No."}, "stop"),
        _DONE,
    )

    assert telling.reply.extras is None


@pytest.mark.parametrize(
    ("deltas", "extras"),
    [
        ([{"role": "assistant", "content": ""}], None),
        ([{"role": "assistant", "content": None}], None),
        ([{"role": "assistant"}], mark("no content")),
        ([{"content": ""}, {"content": ""}], None),
        ([{"content": ""}, {"content": None}], mark(choices=[{"message": {"content": None}}])),
        ([{"content": ""}, call(0, "{}", id="a", name="f")], None),
        (
            [{"content": ""}, {**call(0, "{}", id="a", name="f"), "content": ""}],
            mark(choices=[{"message": {"content": ""}}]),
        ),
    ],
)
def test_how_an_empty_content_was_spelled_is_remembered(
    deltas: list[JsonObject], extras: Extras | None
):
    assert told(*map(chunk, deltas), FINISH, _DONE).reply.extras == extras


def test_a_verdict_on_the_prompt_before_the_reply_belongs_to_it():
    verdict = {"prompt_filter_results": [{"prompt_index": 0}]}
    preamble = event({"id": "", "model": "", "created": 0, "object": "", "choices": [], **verdict})

    telling = told(preamble, OPENING, chunk({"content": "Hi"}), FINISH, _DONE)

    assert telling.events[0] == ResponseStart("c-1", "m", 7, source=preamble + OPENING, wire=_NAME)
    assert telling.reply.extras == mark(**verdict)


@pytest.mark.parametrize(
    "chunks",
    [
        [FINISH, event({**_HEAD, "choices": [], "usage": _COST})],
        [chunk(finish="stop", usage=_COST)],
        [
            chunk(usage={"prompt_tokens": 9, "completion_tokens": 1}),
            chunk(finish="stop", usage=_COST),
        ],
        [chunk(finish="stop", x_groq={"id": "g", "usage": _COST})],
        [chunk(finish="stop", x_groq={"usage": {"prompt_tokens": 1}}, usage=_COST)],
        [chunk(usage=None), FINISH, chunk(usage=_COST), chunk(usage=None)],
    ],
)
def test_what_it_cost_is_counted_once_wherever_it_stands(chunks: list[bytes]):
    assert told(OPENING, *chunks, _DONE).reply.usage == Usage(9, 2)


def test_a_cost_that_never_came_is_not_known():
    telling = told(chunk({"content": "Hi"}, usage=None), FINISH, _DONE)

    assert telling.reply.usage is None
    assert telling.reply.extras == mark(usage=None)


@pytest.mark.parametrize(
    ("finish", "stop"),
    [
        ("stop", Stop(StopReason.STOP, "stop")),
        ("eos", Stop(StopReason.STOP, "eos")),
        ("length", Stop(StopReason.LENGTH, "length")),
    ],
)
def test_a_stream_is_whole_at_a_clean_end_after_a_reason_to_finish(finish: str, stop: Stop):
    telling = told(OPENING, chunk({"content": "Hi"}, finish), chunk(finish=None))

    assert telling.failure is None
    assert telling.reply.stop == stop


def test_a_stream_that_says_done_without_a_reason_is_whole():
    telling = told(OPENING, chunk({"content": "Hi"}), _DONE, clean=False)

    assert telling.failure is None
    assert telling.reply.stop == Stop(StopReason.STOP)


def test_a_stream_of_calls_that_says_done_without_a_reason_asks_for_tools():
    telling = told(chunk(call(0, "{}", id="a", name="f")), _DONE)

    assert telling.reply.stop == Stop(StopReason.TOOL)


@pytest.mark.parametrize(
    ("chunks", "clean"),
    [
        ([], True),
        ([b": ping\n\n"], True),
        ([OPENING], True),
        ([OPENING, chunk({"content": "Hi"})], True),
        ([OPENING, chunk({"content": "Hi"}, "stop")], False),
        ([OPENING, FINISH, b"data: [DONE]"], False),
        ([event({"choices": [], "prompt_filter_results": []})], True),
    ],
)
def test_a_stream_that_ends_too_early_broke_off(chunks: list[bytes], clean: bool):  # noqa: FBT001
    telling = told(*chunks, clean=clean)

    assert telling.failure == Failure(
        message="the reply broke off before it was finished", reason="stream_interrupted"
    )


@pytest.mark.parametrize("preamble", [b"", event({"choices": [], "id": ""})])
def test_a_stream_that_says_nothing_but_done_is_empty(preamble: bytes):
    failure = told(preamble + _DONE).failure

    assert failure is not None
    assert failure.reason == "empty_response"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"data: {\n\n", "bad_json"),
        (b"data: [1]\n\n", "bad_json"),
        (b"data: hello\n\n", "bad_json"),
        (chunk({"content": [1]}), "bad_payload"),
        (chunk({"content": [{"type": "text"}]}), "bad_payload"),
        (event({**_HEAD, "choices": [{"index": 1, "delta": {}}]}), "many_choices"),
        (b"data: " + b"x" * (1 << 20) + b"\n\n", "event_too_large"),
    ],
)
def test_what_makes_no_sense_fails_the_stream(broken: bytes, reason: str):
    telling = told(OPENING, chunk({"content": "Hi"}), broken, FINISH, _DONE)

    assert telling.failure is not None
    assert telling.failure.reason == reason
    assert telling.reply.text == "Hi"


@pytest.mark.parametrize(
    "keep_alive", [b": OPENROUTER PROCESSING\n\n", b"data:\n\n", b"data: \n\n", b"event: ping\n\n"]
)
def test_a_sign_of_life_says_nothing(keep_alive: bytes):
    telling = told(OPENING, keep_alive, chunk({"content": "Hi"}), keep_alive, FINISH, _DONE)

    assert telling.failure is None
    assert telling.reply.text == "Hi"


@pytest.mark.parametrize(
    ("broken", "failure"),
    [
        (
            event({"error": {"message": "No.", "type": "server_error", "code": None}}),
            Failure(message="No.", status=200, type="server_error"),
        ),
        (
            event({"error": {"message": "No.", "code": "bad", "status_code": 400}}, "error"),
            Failure(message="No.", status=400, code="bad"),
        ),
        (
            chunk(error={"message": "No.", "code": 502}),
            Failure(message="No.", status=502, code="502"),
        ),
        (event({"message": "No."}, "error"), Failure(message="No.", status=200)),
    ],
)
def test_an_error_in_the_stream_ends_it(broken: bytes, failure: Failure):
    telling = told(OPENING, chunk({"content": "Hal"}), broken, chunk({"content": "f"}), _DONE)

    assert telling.failure == failure
    assert telling.reply.text == "Hal"


def test_an_error_that_is_null_is_none():
    assert told(chunk({"content": "Hi"}, error=None), FINISH, _DONE).failure is None


def test_a_whole_message_in_place_of_a_delta_is_understood():
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "Hi"},
        "finish_reason": "stop",
    }

    assert told(event({**_HEAD, "choices": [choice]})).reply.text == "Hi"


def test_a_message_beside_a_delta_repeats_what_was_said():
    choice = {"index": 0, "delta": {"content": "Hi"}, "message": {"content": "Hi"}}

    telling = told(event({**_HEAD, "choices": [choice]}), FINISH)

    assert telling.reply.text == "Hi"
    assert telling.reply.extras is None


def test_a_character_that_is_no_utf8_is_replaced_in_its_place():
    broken = chunk({"content": "a_b"}).replace(b"_", b"\xff")

    assert told(broken, FINISH).reply.text == "a\ufffdb"


# Writing.

_EVENTS: Final[list[StreamEvent]] = [
    ResponseStart("c-1", "m", 7),
    PartStart(0, Text("")),
    PartDelta(0, "Hel"),
    Aside(b": ping\n\n"),
    PartDelta(0, "lo"),
    PartEnd(0),
    ResponseEnd(Stop(StopReason.STOP, "end_turn"), Usage(9, 2)),
]


def payloads(body: bytes) -> list[Json]:
    lines = [line.removeprefix(b"data: ") for line in body.splitlines() if line]
    return [json.loads(line) if line != b"[DONE]" else "[DONE]" for line in lines]


def spoken(body: bytes) -> list[Json]:
    return [chunk["choices"][0]["delta"] for chunk in payloads(body) if chunk["choices"]]


def test_an_answer_is_written_as_chunks():
    body = wire.stream_writer().write(_EVENTS)

    def expected(delta: Json, finish: Json = None) -> Json:
        return {**_HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    assert payloads(body) == [
        expected({"role": "assistant", "content": ""}),
        expected({"content": "Hel"}),
        expected({"content": "lo"}),
        expected({}, "stop"),
        {**_HEAD, "choices": [], "usage": _COST},
        "[DONE]",
    ]


def test_the_same_is_written_however_the_events_come():
    at_once = wire.stream_writer().write(_EVENTS)
    writer = wire.stream_writer()

    assert b"".join(writer.write([event]) for event in _EVENTS) == at_once


def test_a_client_that_did_not_ask_for_usage_gets_none():
    body = wire.stream_writer(_UNASKED).write(_EVENTS)

    assert payloads(body)[-2]["choices"][0]["finish_reason"] == "stop"
    assert b"prompt_tokens" not in body


def test_an_end_without_usage_of_its_own_tells_that_of_the_start():
    events = [ResponseStart("c", usage=Usage(9, 2)), ResponseEnd(Stop(StopReason.STOP))]

    assert payloads(wire.stream_writer().write(events))[-2]["usage"] == _COST


def test_a_failure_ends_the_stream_without_done():
    error = LLMConnectionError(Category.STREAM_INTERRUPTED, "It broke off.", reason="cut")
    writer = wire.stream_writer()

    body = writer.write(_EVENTS[:3]) + writer.fail(error)

    assert payloads(body)[-1] == {
        "error": {"message": "It broke off.", "type": "server_error", "param": None, "code": "cut"}
    }
    assert b"[DONE]" not in body


@pytest.mark.parametrize(
    ("part", "pieces", "deltas"),
    [
        (
            ToolCall("a", "f", ""),
            ['{"a":', "1}"],
            [
                call(0, "", id="a", name="f"),
                call(0, '{"a":'),
                call(0, "1}"),
            ],
        ),
        (Reasoning("", "seal", origin="other"), ["hm"], [{"reasoning_content": "hm"}]),
        (
            Reasoning("", origin=_NAME, extras=mark("reasoning")),
            ["h", "m"],
            [{"reasoning": "h"}, {"reasoning": "m"}],
        ),
        (
            Reasoning("", origin=_NAME, extras=mark("thinking")),
            ["h"],
            [{"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}]}],
        ),
        (Text("", mark("refusal")), ["No", "."], [{"refusal": "No"}, {"refusal": "."}]),
        (
            Text("", mark("refusal", "parts")),
            ["No."],
            [{"content": [{"type": "refusal", "refusal": "No."}]}],
        ),
        (
            ToolCall("c", "f", "", mark("function")),
            ["{}"],
            [
                {"function_call": {"name": "f", "arguments": ""}},
                {"function_call": {"arguments": "{}"}},
            ],
        ),
        (
            Opaque(_NAME, "tool_call:custom", {"id": "a", "custom": {"name": "s"}}),
            ["x"],
            [
                {"tool_calls": [{"index": 0, "id": "a", "custom": {"name": "s", "input": ""}}]},
                {"tool_calls": [{"index": 0, "custom": {"input": "x"}}]},
            ],
        ),
        (Opaque(_NAME, "ref", {"type": "ref"}), ["?"], [{"content": [{"type": "ref"}]}]),
        (Opaque("other", "ref", {"type": "ref"}), ["?"], []),
        (Text(""), [""], []),
    ],
)
def test_each_kind_of_part_is_written_as_it_comes(
    part: Part, pieces: list[str], deltas: list[Json]
):
    writer = wire.stream_writer()
    writer.write([ResponseStart("c")])

    body = writer.write(
        [PartStart(0, part), *(PartDelta(0, piece) for piece in pieces), PartEnd(0)]
    )

    assert spoken(body) == deltas


def test_unknown_fields_of_a_piece_are_written_with_it():
    writer = wire.stream_writer()
    writer.write([ResponseStart("c")])

    body = writer.write(
        [
            PartStart(0, Reasoning("", origin=_NAME)),
            PartDelta(0, "hm", extras=mark("reasoning", reasoning_details=[{"index": 0}])),
            PartEnd(0),
            PartStart(1, Text("")),
            PartDelta(1, "Hi", extras=mark(x=1)),
            PartEnd(1),
            PartStart(2, ToolCall("a", "f", "")),
            PartDelta(2, "{}", extras=mark(x=1)),
            PartEnd(2),
        ]
    )

    assert spoken(body) == [
        {"reasoning": "hm", "reasoning_details": [{"index": 0}]},
        {"content": [{"type": "text", "text": "Hi", "x": 1}]},
        call(0, "", id="a", name="f"),
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}, "x": 1}]},
    ]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(id="c", stop=Stop(StopReason.STOP, "stop"), extras=mark("no content")),
        Reply(
            id="c",
            parts=(ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}", mark(x={"y": 1}))),
            stop=Stop(StopReason.TOOL, "tool_calls"),
            extras=mark(choices=[{"message": {"content": ""}}]),
        ),
        Reply(
            id="c",
            parts=(Text("Hi"),),
            stop=Stop(StopReason.STOP, "eos"),
            extras=mark(
                "parts",
                a=1,
                usage=None,
                choices=[{"finish_reason": "eos", "logprobs": {"content": []}}],
            ),
        ),
        Reply(
            id="c",
            parts=(Text("Hi"),),
            stop=Stop(StopReason.STOP),
            extras=mark(choices=[{"finish_reason": "", "message": {"refusal": None}}]),
        ),
    ],
)
def test_a_reply_with_spellings_of_its_own_survives_as_a_stream(reply: Reply):
    assert told(wire.stream_writer().write(events_of(reply))).reply == reply


def test_receipts_are_for_the_surface_to_tell():
    start = ResponseStart("c", receipts=(Receipt("top_k", "dropped", "no word for it"),))

    assert b"top_k" not in wire.stream_writer().write([start])


@pytest.mark.parametrize("pieces", [(), ("",)])
def test_a_call_told_without_arguments_has_an_empty_object_of_them(pieces: tuple[str, ...]):
    events: list[StreamEvent] = [
        ResponseStart(),
        PartStart(0, ToolCall("c", "f", "")),
        *(PartDelta(0, piece) for piece in pieces),
        PartEnd(0),
        ResponseEnd(Stop(StopReason.TOOL)),
    ]

    told_again = read_stream(wire, [wire.stream_writer().write(events)])

    assert told_again.reply.parts == (ToolCall("c", "f", "{}"),)
