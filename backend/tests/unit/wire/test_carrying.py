"""What a vendor wants back unbroken goes through clients of another format, and comes back so."""

import base64
import json
import zlib
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    Extras,
    Message,
    Part,
    Reasoning,
    Reply,
    ResponseEnd,
    Stop,
    StopReason,
    Text,
    ToolCall,
    events_of,
    fold,
)
from dragoman.testing.grammar import check_grammar
from dragoman.testing.tapes import read_stream
from dragoman.wire import anthropic_messages, gemini, openai_chat, openai_responses
from dragoman.wire.carrying import Carrier, carried, uncarried

HERE, THERE = "anthropic_messages", "gemini"
THOUGHT = Reasoning("Let me see", "sEaL+/=", origin=THERE, extras=Extras(THERE, {"x": 1}))
HIDDEN = Reasoning(encrypted="gAAAA", origin=THERE)
CALL = ToolCall("call_1", "look", '{"a":1}', Extras(THERE, {"thoughtSignature": "AbC=="}))

_texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
# Thoughts of the client's own format are signed: one that is not, before a foreign one of the same
# words, would be taken for what the client saw of that.
_thoughts = st.builds(
    Reasoning, _texts, signature=_texts, origin=st.sampled_from([HERE, None])
) | st.builds(
    Reasoning,
    _texts,
    signature=st.none() | _texts,
    encrypted=st.none() | _texts,
    origin=st.just(THERE),
)
_calls = st.builds(
    ToolCall,
    st.uuids().map(str),
    st.just("look"),
    st.just("{}"),
    st.none() | st.builds(Extras, st.sampled_from([HERE, THERE]), st.dictionaries(_texts, _texts)),
)
_parts = st.lists(_thoughts | _calls | st.builds(Text, _texts), max_size=5).map(tuple)


def whole(*parts: Part) -> Reply:
    return Reply(id="r", parts=parts, stop=Stop(StopReason.STOP))


def replayed(reply: Reply) -> tuple[Part, ...]:
    request = ChatRequest(model="m", messages=(Message("assistant", reply.parts),))
    return uncarried(request).messages[0].parts


@pytest.mark.parametrize("part", [THOUGHT, HIDDEN, CALL])
def test_it_comes_back_as_it_was(part: Part):
    assert replayed(carried(whole(part, Text("So.")), HERE)) == (part, Text("So."))


def test_a_client_sees_the_thought_and_a_seal_of_its_own_format():
    (shown, _) = carried(whole(THOUGHT, Text("So.")), HERE).parts

    assert isinstance(shown, Reasoning)
    assert (shown.text, shown.origin, shown.encrypted, shown.extras) == (
        "Let me see",
        HERE,
        None,
        None,
    )
    assert shown.signature
    assert base64.b64decode(shown.signature, validate=True)


def test_a_thought_begins_with_the_place_of_its_seal():
    written = anthropic_messages.stream_writer().write(
        Carrier(HERE).carry(events_of(whole(THOUGHT)))
    )

    started = [line for line in written.splitlines() if b"content_block_start" in line]
    assert json.loads(started[1].removeprefix(b"data: "))["content_block"] == {
        "type": "thinking",
        "thinking": "",
        "signature": "",
    }


def test_a_seal_in_the_alphabet_of_addresses_is_the_same():
    (shown,) = carried(whole(THOUGHT), HERE).parts
    assert isinstance(shown, Reasoning)
    raw = base64.b64decode(shown.signature or "")
    rewritten = Reasoning(shown.text, base64.urlsafe_b64encode(raw).decode(), origin=HERE)

    assert replayed(whole(rewritten)) == (THOUGHT,)


def test_what_the_client_did_to_the_text_does_not_break_the_seal():
    (shown,) = carried(whole(THOUGHT), HERE).parts
    assert isinstance(shown, Reasoning)

    assert replayed(whole(Reasoning("", shown.signature, origin=HERE))) == (THOUGHT,)


@pytest.mark.parametrize(
    "signature", ["ZHJhZ29tYW4x", "ZHJhZ29tYW4xAAAA", "ZHJhZ29tYW4x!", "ZHJhZ29tYW4xü", "ErUB", ""]
)
def test_what_is_no_seal_of_ours_stays_as_it_is(signature: str):
    part = Reasoning("Hm", signature, origin=HERE)

    assert replayed(whole(part)) == (part,)


def forged(content: bytes) -> str:
    return base64.b64encode(b"dragoman1" + zlib.compress(content)).decode()


def test_a_bomb_is_not_opened():
    part = Reasoning("Hm", forged(b" " * (32 << 20)), origin=HERE)

    assert replayed(whole(part)) == (part,)


def test_many_small_bombs_are_no_more_than_one_large_bomb():
    sealed = {"reasoning": {"text": "a" * (5 << 20), "origin": THERE}}
    seal = forged(json.dumps(sealed).encode())
    parts = tuple(Reasoning("Hm", seal, origin=HERE) for _ in range(12))

    opened = [part for part in replayed(whole(*parts)) if part not in parts]

    assert 0 < len(opened) <= 3


def test_broken_bombs_use_up_what_may_be_opened():
    broken = forged(b" " * (32 << 20))[:-8]
    (honest,) = carried(whole(THOUGHT), HERE).parts

    assert replayed(whole(Reasoning("Hm", broken, origin=HERE), honest))[-1] == honest


def test_a_thought_takes_nothing_from_before_the_thought_before_it():
    said = {"reasoning": {"text": "a", "origin": THERE}}
    seal = Reasoning("", forged(json.dumps(said).encode()), origin=HERE)
    shown = Reasoning("a", origin=HERE)

    thought = Reasoning("a", origin=THERE)
    assert replayed(whole(shown, seal, shown, seal)) == (thought, thought)


def test_a_request_without_seals_is_the_same_value():
    request = ChatRequest(model="m", messages=(Message("user", (Text("x"),)),))

    assert uncarried(request) is request


@given(_parts)
def test_every_reply_comes_back_as_it_was(parts: tuple[Part, ...]):
    back = replayed(carried(whole(*parts), HERE))

    assert back == parts


@given(_parts, st.integers(1, 4))
def test_a_stream_is_carried_like_the_whole_of_it(parts: tuple[Part, ...], size: int):
    events = events_of(whole(*parts))
    carrier = Carrier(HERE)
    told = []
    for begin in range(0, len(events), size):
        told += carrier.carry(events[begin : begin + size])

    check_grammar(told)
    assert isinstance(told[-1], ResponseEnd)
    assert fold(told) == carried(whole(*parts), HERE)


WIRES = {wire.name: wire for wire in (openai_chat, openai_responses, anthropic_messages, gemini)}
HUNG = {
    "gemini": {"thoughtSignature": "AbC=="},
    "openai_chat": {"extra_content": {"google": {"thought_signature": "x"}}},
    "openai_responses": {"namespace": "n"},
    "anthropic_messages": {"caller": {"type": "direct"}},
}
HELD = {
    "gemini": THOUGHT,
    "openai_chat": Reasoning("Hm.", origin="openai_chat"),
    "openai_responses": Reasoning("Hm.", "gAAAA", origin="openai_responses"),
    "anthropic_messages": Reasoning("Hm.", "sig+/=", origin="anthropic_messages"),
}


def sent_back(wire: str, told: dict[str, Any]) -> ChatRequest:
    """Give the request of a client that puts a whole reply of its format into the conversation."""
    match wire:
        case "openai_chat":
            body = {"model": "m", "messages": [told["choices"][0]["message"]]}
        case "openai_responses":
            body = {"model": "m", "input": told["output"]}
        case "anthropic_messages":
            body = {"model": "m", "messages": [{"role": "assistant", "content": told["content"]}]}
        case _:
            body = {"contents": [told["candidates"][0]["content"]]}
    return uncarried(WIRES[wire].read_request(json.dumps(body).encode()))


def remembered(request: ChatRequest) -> tuple[list[Reasoning], list[ToolCall]]:
    parts = [part for message in request.messages for part in message.parts]
    thoughts = [part for part in parts if isinstance(part, Reasoning)]
    return thoughts, [part for part in parts if isinstance(part, ToolCall)]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("here", "there"), [pair for pair in product(WIRES, WIRES) if pair[0] != pair[1]]
)
def test_a_client_of_any_format_carries_back_what_any_vendor_wants(
    here: str, there: str, *, streamed: bool
):
    call = ToolCall("call_1", "look", '{"a":1}', Extras(there, HUNG[there]))
    reply = replace(whole(HELD[there], Text("So."), call), model="m", created=1)
    wire = WIRES[here]
    if streamed:
        body = wire.stream_writer().write(Carrier(here).carry(events_of(reply)))
        told = json.loads(wire.write_reply(read_stream(wire, [body]).reply))
    else:
        told = json.loads(wire.write_reply(carried(reply, here)))

    thoughts, calls = remembered(sent_back(here, told))

    assert thoughts == [HELD[there]]
    assert [(found.extras or Extras(there)).fields for found in calls] == [HUNG[there]]
    assert [(found.id, found.name, json.loads(found.arguments)) for found in calls] == [
        ("call_1", "look", {"a": 1})
    ]
