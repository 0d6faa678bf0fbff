"""A stream on its way to a client of the same wire: the vendor's bytes, but for what is ours."""

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dragoman.chat import (
    Aside,
    Category,
    ChatRequest,
    LLMConnectionError,
    PartDelta,
    PartEnd,
    PartStart,
    StreamEvent,
    Text,
    ToolCall,
)
from dragoman.testing.tapes import pieces_of, read_stream
from dragoman.wire import anthropic_messages, openai_chat
from dragoman.wire.base import Wire

DONE: Final = b"data: [DONE]\n\n"
COST: Final = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
BROKEN: Final = LLMConnectionError(Category.CONNECTION, "the provider hung up")


def chunk(delta: Any = None, finish: str | None = None, **fields: Any) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    head = {"id": "c-1", "object": "chat.completion.chunk", "created": 7, "model": "vendor-1"}
    return b"data: %b\n\n" % json.dumps(head | {"choices": [choice]} | fields).encode()


def compact(stream: bytes) -> bytes:
    """Spell chunks as OpenAI itself does, without spaces."""
    events = (event.removeprefix(b"data: ") for event in stream.split(b"\n\n")[:-1])
    return b"".join(
        b"data: %b\n\n"
        % (
            said
            if said == b"[DONE]"
            else json.dumps(json.loads(said), separators=(",", ":")).encode()
        )
        for said in events
    )


def said_in(body: bytes) -> list[Any]:
    lines = (line[6:] for line in body.split(b"\n") if line.startswith(b"data: {"))
    return [json.loads(line) for line in lines]


def asking(**fields: Any) -> ChatRequest:
    body = {"model": "ours", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    return openai_chat.read_request(json.dumps(body | fields).encode())


def chat(*chunks: bytes, request: ChatRequest | None = None, model: str | None = None) -> bytes:
    told = read_stream(openai_chat, chunks)
    assert told.failure is None
    return openai_chat.stream_writer(request, model=model).write(told.events)


HELLO: Final = (
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Hel"}),
    chunk({"content": "lo"}),
)
OVER: Final = chunk(finish="stop")
COUNTED: Final = chunk(choices=[], usage=COST)


def test_what_a_vendor_invents_arrives_on_the_day_it_is_invented():
    chunks = (
        chunk({"role": "assistant", "content": "", "mood": "calm"}, vibe={"hue": 1}),
        chunk({"content": "Hi", "aura": [1.50, None]}, choices_considered=3),
        b': a comment\nid: 7\nevent: note\ndata: {"object": "chat.whisper", "said": "psst"}\n\n',
        chunk(finish="stop", farewell="bye"),
        chunk(choices=[], usage=COST | {"joules": 0.1}),
        DONE,
    )

    assert chat(*chunks) == b"".join(chunks)


def test_the_models_name_is_ours_and_nothing_else_changes():
    passed = chat(*HELLO, OVER, DONE, model="ours")

    expected = b"".join([*HELLO, OVER, DONE])
    assert passed == expected.replace(b'"model": "vendor-1"', b'"model": "ours"')


@pytest.mark.parametrize("spell", [compact, bytes], ids=["compact", "spaced"])
@pytest.mark.parametrize("place", ["first", "last"])
def test_obfuscation_is_left_out_wherever_it_stands(spell, place: str):
    def padded(said: bytes) -> bytes:
        fields = json.loads(said[6:])
        padding = {"obfuscation": "xY7"}
        whole = padding | fields if place == "first" else fields | padding
        return b"data: %b\n\n" % json.dumps(whole).encode()

    passed = chat(*(spell(padded(one)) for one in (*HELLO, OVER)), DONE)

    assert said_in(passed) == said_in(b"".join([*HELLO, OVER]))
    assert passed.endswith(DONE)


def test_a_field_of_that_name_deeper_down_is_the_vendors_own():
    chunks = (*HELLO, chunk({"content": "!", "p": "x"}, trace={"a": 1, "p": "y"}), OVER, DONE)

    assert said_in(chat(*map(compact, chunks[:-1]), DONE)) == said_in(b"".join(chunks))


def test_words_that_look_like_padding_stay():
    chunks = (*HELLO, chunk({"content": ',"obfuscation":"abc"}\n\n,"usage":null}'}), OVER, DONE)

    assert chat(*chunks, request=asking()) == b"".join(chunks)


def test_who_did_not_ask_what_it_cost_is_not_told():
    quiet = [
        compact(chunk({"content": "!"}, usage=None)),
        compact(chunk(finish="stop", usage=COST)),
    ]

    passed = chat(*map(compact, HELLO), *quiet, compact(COUNTED), DONE, request=asking())

    expected = [*HELLO, chunk({"content": "!"}), chunk(finish="stop")]
    assert said_in(passed) == said_in(b"".join(expected))
    assert b"usage" not in passed
    assert passed.endswith(DONE)


def test_what_groq_tells_in_a_field_of_its_own_stays():
    told = chunk(finish="stop", x_groq={"id": "r", "usage": COST})

    passed = chat(*HELLO, told, DONE, request=asking())

    assert passed == b"".join([*HELLO, told, DONE])


@pytest.mark.parametrize(
    "options",
    [{"include_usage": True}, {"include_usage": True, "include_obfuscation": False}],
)
def test_who_asked_what_it_cost_is_told_as_the_vendor_tells_it(options: dict[str, bool]):
    chunks = (*HELLO, OVER, COUNTED, DONE)

    assert chat(*chunks, request=asking(stream_options=options)) == b"".join(chunks)


def test_a_cost_that_the_vendor_never_told_is_not_invented():
    chunks = (*HELLO, OVER, DONE)

    passed = chat(*chunks, request=asking(stream_options={"include_usage": True}))

    assert passed == b"".join(chunks)


def test_the_mark_of_the_end_is_added_where_a_vendor_left_it_out():
    assert chat(*HELLO, OVER, COUNTED) == b"".join([*HELLO, OVER, COUNTED, DONE])


def test_the_mark_of_the_end_is_not_taken_for_told_because_the_answer_speaks_of_it():
    speaking = chunk({"content": "data: [DONE]\n"}, "stop")

    assert chat(*HELLO, speaking) == b"".join([*HELLO, speaking, DONE])


@given(st.integers(0, 2**16))
def test_it_does_not_matter_how_the_bytes_came(seed: int):
    body = compact(b"".join([*HELLO, OVER, COUNTED, DONE]))
    reader, writer = openai_chat.stream_reader(), openai_chat.stream_writer(asking(), model="ours")

    passed = b"".join(writer.write(reader.feed(piece)) for piece in pieces_of(body, seed))
    passed += writer.write(reader.close(clean=True))

    assert passed == chat(body, request=asking(), model="ours")


@pytest.mark.parametrize("wire", [openai_chat, anthropic_messages], ids=lambda wire: wire.name)
def test_a_stream_that_fails_after_some_bytes_ends_in_the_wires_own_way(wire: Wire):
    body = b"".join(HELLO) if wire.name == "openai_chat" else b"".join(MESSAGE[:4])
    reader, writer = wire.stream_reader(), wire.stream_writer()

    passed = writer.write(reader.feed(body)) + writer.fail(BROKEN)

    assert passed.startswith(body)
    assert said_in(passed)[-1]["error"]["message"] == "the provider hung up"
    assert b"[DONE]" not in passed
    assert b"message_stop" not in passed


# What a plugin puts in, or makes of an event, has no source.


def test_an_event_without_source_is_told_in_words():
    events = list(read_stream(openai_chat, [*HELLO, OVER, DONE]).events)
    place = events.index(PartDelta(0, "lo", source=HELLO[2]))
    events[place] = replace(events[place], text="p!", source=None)

    passed = openai_chat.stream_writer().write(events)

    head = {"id": "c-1", "object": "chat.completion.chunk", "created": 7, "model": "vendor-1"}
    choice = {"index": 0, "delta": {"content": "p!"}, "finish_reason": None}
    assert passed.startswith(HELLO[0] + HELLO[1])
    assert said_in(passed)[2] == head | {"choices": [choice]}
    assert passed.endswith(OVER + DONE)


def call_chunk(index: int, name: str) -> bytes:
    function = {"name": name, "arguments": "{}"}
    call = {"index": index, "id": f"call_{name}", "type": "function", "function": function}
    return chunk({"tool_calls": [call]}, logprobs_of_calls=1)


def with_a_call(events: tuple[StreamEvent, ...], before: int) -> list[StreamEvent]:
    """Put a call in before the part of this number, and number those after it anew."""
    call = ToolCall("call_ours", "ours", '{"a":1}')
    told: list[StreamEvent] = []
    for event in events:
        match event:
            case PartStart(index) if index == before:
                told += [PartStart(before, call), PartEnd(before)]
        match event:
            case PartStart(index) | PartDelta(index) | PartEnd(index) if index >= before:
                told.append(replace(event, index=index + 1))
            case _:
                told.append(event)
    return told


def test_a_call_put_in_between_moves_the_numbers_of_those_after_it():
    calls = (call_chunk(0, "a"), call_chunk(1, "b"), call_chunk(2, "c"), call_chunk(3, "d"))
    chunks = (*HELLO, *calls, chunk(finish="tool_calls"), DONE)
    # The bytes of the call that follows went out with the end of the one before.
    events = with_a_call(read_stream(openai_chat, chunks).events, before=2)

    passed = openai_chat.stream_writer(model="mine").write(events)

    again = read_stream(openai_chat, [passed]).reply
    names = [part.name for part in again.parts if isinstance(part, ToolCall)]
    assert names == ["a", "b", "ours", "c", "d"]
    deltas = [said["choices"][0]["delta"] for said in said_in(passed)]
    assert [call["index"] for delta in deltas for call in delta.get("tool_calls", ())] == [
        *range(5)
    ]
    assert [said["logprobs_of_calls"] for said in said_in(passed) if "logprobs_of_calls" in said]
    assert {said["model"] for said in said_in(passed)} == {"mine"}


def named(event: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event["type"].encode(), json.dumps(event).encode())


def message(model: str) -> dict[str, Any]:
    usage = {"input_tokens": 3, "output_tokens": 1, "joules": 2.50}
    said = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": []}
    ends = {"stop_reason": None, "stop_sequence": None, "usage": usage, "mood": "calm"}
    return {"type": "message_start", "message": said | ends}


def block(index: int, text: str) -> tuple[bytes, bytes, bytes]:
    opened = {"type": "text", "text": "", "aura": 1}
    delta = {"type": "text_delta", "text": text, "hue": None}
    return (
        named({"type": "content_block_start", "index": index, "content_block": opened}),
        named({"type": "content_block_delta", "index": index, "delta": delta, "pace": 1.0}),
        named({"type": "content_block_stop", "index": index}),
    )


ENDED: Final = {"stop_reason": "end_turn", "stop_sequence": None}
MESSAGE: Final = (
    named(message("vendor-1")),
    named({"type": "ping"}),
    *block(0, "Hel"),
    named({"type": "whisper", "said": "psst"}),
    *block(1, "lo"),
    named({"type": "message_delta", "delta": ENDED, "usage": {"output_tokens": 5}, "hm": {}}),
    named({"type": "message_stop", "trailer": 1}),
)


def test_a_messages_stream_arrives_as_it_was_said():
    told = read_stream(anthropic_messages, MESSAGE)

    assert anthropic_messages.stream_writer().write(told.events) == b"".join(MESSAGE)


def test_the_models_name_is_ours_in_a_messages_stream_too():
    told = read_stream(anthropic_messages, MESSAGE)

    passed = anthropic_messages.stream_writer(model="ours").write(told.events)

    assert passed == named(message("ours")) + b"".join(MESSAGE[1:])


def test_a_block_put_in_between_moves_the_numbers_of_those_after_it():
    told = read_stream(anthropic_messages, MESSAGE)
    events = with_a_call(told.events, before=1)

    passed = anthropic_messages.stream_writer().write(events)

    again = read_stream(anthropic_messages, [passed])
    starts = [event for event in said_in(passed) if event["type"] == "content_block_start"]
    assert [event["index"] for event in starts] == [0, 1, 2]
    assert starts[2]["content_block"]["aura"] == 1
    assert [type(part) for part in again.reply.parts] == [Text, ToolCall, Text]
    assert again.reply.text == "Hello"


def test_an_aside_of_nobodys_says_nothing():
    for wire, body in ((openai_chat, (*HELLO, OVER, DONE)), (anthropic_messages, MESSAGE)):
        events = list(read_stream(wire, body).events)

        passed = wire.stream_writer().write([*events[:3], Aside(), *events[3:]])

        assert passed == b"".join(body)


def test_another_wires_bytes_are_never_passed_on():
    told = read_stream(anthropic_messages, MESSAGE)

    passed = openai_chat.stream_writer().write(told.events)

    assert b"whisper" not in passed
    assert read_stream(openai_chat, [passed]).reply.text == "Hello"
