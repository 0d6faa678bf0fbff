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
from pydantic import TypeAdapter

from tests.support.matrix import FOLDER, VENDORS, WIRES, Ask, asks, render

ASKS: Final = asks()
OF_OTHERS: Final = [ask for ask in ASKS if ask.dialect != ask.wire]
OF_ITS_OWN: Final = [ask for ask in ASKS if ask.dialect == ask.wire]

# What a vendor's own SDK types a request as; pydantic reads lists of it lazily (`exhaust`).
SDK_TYPES: Final[dict[str, TypeAdapter[Any]]] = {
    "openai_chat": TypeAdapter(ChatParams),
    "anthropic_messages": TypeAdapter(MessagesParams),
}


def each(some: list[Ask]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("ask", some, ids=str)


@each(ASKS)
def test_what_is_sent_is_what_the_matrix_says(ask: Ask):
    assert render(ask.sent()) == ask.expected.read_text("utf-8")


def test_every_expectation_belongs_to_a_case():
    expected = {ask.expected for ask in ASKS}

    assert {file for file in FOLDER.glob("*.to.*.json") if ".told." not in file.name} == expected


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
        assert VENDORS in (sent["body"].get("model"), *sent.get("path", "").split("/"))
