"""The matrix: every client format to every wire format, case by case, as the files in it say.

Where an expectation is wrong, the code is: `make matrix` writes what it does, for a person to read.
"""

import json
from collections import Counter
from typing import Any, Final

import pytest
from anthropic.types.message_create_params import (
    MessageCreateParamsNonStreaming as MessagesParams,
)
from msgspec.structs import replace
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming as ChatParams,
)
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming as ResponsesParams,
)
from pydantic import TypeAdapter

from dragoman.chat import (
    Part,
    Reasoning,
    Reply,
    Text,
    ToolCall,
    UpstreamError,
    Usage,
    events_of,
    fold,
)
from dragoman.testing.grammar import check_grammar
from dragoman.testing.tapes import read_stream
from tests.support.matrix import FOLDER, OURS, VENDORS, WIRES, Ask, Tell, asks, render, tells

ASKS: Final = asks()
TELLS: Final = tells()
OF_OTHERS: Final = [ask for ask in ASKS if ask.dialect != ask.wire]
# What has a seal that no vendor takes came from another's model: it does not go out as it came.
UNSEALED: Final = "thoughts_of_another_model"
OF_ITS_OWN: Final = [ask for ask in ASKS if ask.dialect == ask.wire and ask.case != UNSEALED]

# What a vendor's own SDK types a request as; pydantic reads lists of it lazily (`exhaust`).
SDK_TYPES: Final[dict[str, TypeAdapter[Any]]] = {
    "openai_chat": TypeAdapter(ChatParams),
    "openai_responses": TypeAdapter(ResponsesParams),
    "anthropic_messages": TypeAdapter(MessagesParams),
}


def each(some: list[Ask]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("ask", some, ids=str)


def each_told(some: list[Tell]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("tell", some, ids=str)


@each(ASKS)
def test_what_is_sent_is_what_the_matrix_says(ask: Ask):
    assert render(ask.sent()) == ask.expected.read_text("utf-8")


def test_every_expectation_belongs_to_a_case():
    expected = {ask.expected for ask in ASKS} | {tell.expected for tell in TELLS}

    assert set(FOLDER.glob("*.to.*.json")) == expected


@pytest.mark.parametrize("dialect", WIRES)
def test_there_are_at_least_forty_cases_of_each_format(dialect: str):
    cases = Counter(ask.case for ask in ASKS if ask.dialect == dialect)

    assert len(cases) >= 40
    assert set(cases.values()) == {len(WIRES)}


@each(OF_ITS_OWN)
def test_a_request_to_its_own_format_goes_out_as_it_came(ask: Ask):
    asked, sent = json.loads(ask.asked), ask.sent()
    if "invalid" in sent:
        return

    assert sent["receipts"] == []
    assert without_ours(sent["body"], ask) == without_ours(asked, ask)


def without_ours(body: dict[str, Any], ask: Ask) -> dict[str, Any]:
    """Leave out what is ours to say: the model, and that a stream tells what it cost."""
    others = {name: said for name, said in body.items() if name != "model"}
    if ask.wire == "openai_chat" and body.get("stream"):
        others["stream_options"] = {"include_usage": True}
    return others


@each(OF_OTHERS)
def test_a_request_in_other_words_is_one_to_the_vendors_own_sdk(ask: Ask):
    sent = ask.sent()
    if "body" not in sent or ask.wire not in SDK_TYPES:
        return
    body = {name: said for name, said in sent["body"].items() if name != "stream"}

    exhaust(SDK_TYPES[ask.wire].validate_python(body))


def exhaust(validated: Any) -> None:
    match validated:
        case dict():
            for value in validated.values():
                exhaust(value)
        case str() | bytes() | int() | float() | None:
            pass
        case _:
            for value in validated:
                exhaust(value)


@each(ASKS)
def test_whole_and_streamed_are_asked_for_in_the_same_words(ask: Ask):
    if "body" not in ask.sent():
        return
    wire, request = WIRES[ask.wire], ask.read()

    whole, streamed = (
        wire.write_request(replace(request, stream=stream)) for stream in (False, True)
    )

    assert whole.receipts == streamed.receipts
    modes = {"stream", "stream_options"}
    bodies = [json.loads(written.body) for written in (whole, streamed)]
    first, second = ([item for item in body.items() if item[0] not in modes] for body in bodies)
    assert first == second


@each(ASKS)
def test_the_vendors_model_is_asked(ask: Ask):
    sent = ask.sent()
    if "body" in sent:
        assert VENDORS in (sent["body"].get("model") or sent["path"])


@each_told(TELLS)
def test_what_is_told_is_what_the_matrix_says(tell: Tell):
    assert render(tell.told()) == tell.expected.read_text("utf-8")


@pytest.mark.parametrize("wire", WIRES)
def test_there_are_at_least_twenty_replies_of_each_format(wire: str):
    cases = Counter(tell.case for tell in TELLS if tell.wire == wire)

    assert len(cases) >= 20
    assert set(cases.values()) == {len(WIRES)}


@each_told([tell for tell in TELLS if tell.wire == tell.dialect])
def test_a_reply_in_the_clients_own_format_is_told_as_it_came(tell: Tell):
    came = json.loads(tell.came)

    name = "modelVersion" if tell.wire == "gemini" else "model"
    assert tell.told() == came | {name: OURS}


@each_told(TELLS)
def test_a_reply_is_the_same_told_as_a_stream_or_whole(tell: Tell):
    wire, reply = WIRES[tell.dialect], tell.read()

    streamed = read_stream(wire, [wire.stream_writer().write(events_of(reply))])

    check_grammar(streamed.events, finished=streamed.failure is None)
    if streamed.failure is None:
        assert gist(streamed.reply) == gist(wire.read_reply(wire.write_reply(reply)))
        return
    # An answer that went wrong is an error where the format can say so.
    with pytest.raises(UpstreamError) as failed:
        wire.read_reply(wire.write_reply(reply))
    assert failed.value.failure.message == streamed.failure.message


@each_told(TELLS)
def test_a_reply_is_the_fold_of_its_events(tell: Tell):
    assert fold([*events_of(tell.read())]) == tell.read()


def gist(reply: Reply) -> dict[str, Any]:
    """Say what a client makes of a reply, whole or streamed; an unknown count may be told as 0."""
    usage = reply.usage or Usage()
    thoughts = [part for part in reply.parts if isinstance(part, Reasoning)]
    return {
        "who": (reply.id, reply.model, reply.created),
        "words": reply.text,
        "thoughts": "".join(part.text for part in thoughts),
        "seals": [seal for part in thoughts if (seal := part.signature or part.encrypted)],
        "calls": [
            (part.id, part.name, loaded(part.arguments))
            for part in reply.parts
            if isinstance(part, ToolCall)
        ],
        "kinds": {type(part) for part in reply.parts if not is_silent(part)},
        "end": reply.stop,
        "usage": (usage.input or 0, usage.output or 0, usage.cache_read or 0),
    }


def is_silent(part: Part) -> bool:
    match part:
        case Text(text) | Reasoning(text, signature=None, encrypted=None):
            return not text
        case _:
            return False


def loaded(arguments: str) -> Any:
    """Read a call's arguments; malformed ones are shown in an object where one is insisted on."""
    try:
        given = json.loads(arguments or "{}")
    except ValueError:
        return arguments
    return given.get("raw_arguments", given)
