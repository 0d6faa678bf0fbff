"""The form of answers: our own writers keep it for every wire, and what breaks it is named."""

import json

import pytest

from dragoman.chat import ERROR_CLASSES, Category
from dragoman.testing.conformance import forms
from dragoman.testing.conformance.questions import GOOD_DAY, TWO_CALLS
from dragoman.testing.conformance.voice import telling
from dragoman.wire import anthropic_messages, gemini, openai_chat, openai_responses
from dragoman.wire.sse import encode_event

WIRES = [openai_chat, openai_responses, anthropic_messages, gemini]
BY_NAME = pytest.mark.parametrize("wire", WIRES, ids=[wire.name for wire in WIRES])


def stream(wire, reply=GOOD_DAY) -> bytes:
    return wire.stream_writer().write(telling(reply))


@BY_NAME
@pytest.mark.parametrize("reply", [GOOD_DAY, TWO_CALLS], ids=["words", "calls"])
def test_what_our_own_writers_write_has_the_form(wire, reply):
    whole = json.loads(wire.write_reply(reply))
    assert forms.lacks(whole, forms.WHOLE[wire.name]) is None
    assert forms.stream_lacks(wire.name, stream(wire, reply)) is None
    error = ERROR_CLASSES[Category.MODEL_NOT_FOUND](Category.MODEL_NOT_FOUND, "No.", status=404)
    assert forms.lacks(json.loads(wire.write_failure(error)), forms.ERROR[wire.name]) is None


def test_what_is_missing_is_named_by_its_place():
    wanted = forms.WHOLE["openai_chat"]
    said = json.loads(openai_chat.write_reply(GOOD_DAY))
    assert forms.lacks([], wanted) == "id: saw None, expected a value of type str"
    assert (
        forms.lacks(said | {"object": "chat"}, wanted)
        == "object: saw 'chat', expected 'chat.completion'"
    )
    assert (
        forms.lacks(said | {"choices": []}, wanted)
        == "choices.0.index: saw None, expected a value of type int"
    )
    assert (
        forms.lacks({"created_at": True}, {("created_at",): (int, float)})
        == "created_at: saw True, expected a value of type number"
    )


@pytest.mark.parametrize(
    ("wire", "broken", "said"),
    [
        (openai_chat, lambda s: s.replace(b"data: [DONE]\n\n", b""), "expected [DONE]"),
        (openai_chat, lambda s: s.replace(b'"model"', b'"modell"', 1), "event 0: model"),
        (openai_chat, lambda _: encode_event(b'{"error": {}}'), "event 0 is an error"),
        (
            anthropic_messages,
            lambda s: s.replace(b"event: message_stop", b"event: ping"),
            "says that its type is 'message_stop'",
        ),
        (
            anthropic_messages,
            lambda s: s.partition(b"event: message_delta")[0],
            "expected message_start first and message_stop last",
        ),
        (
            openai_responses,
            lambda s: s.replace(b'"sequence_number":3', b'"sequence_number":1'),
            "expected each higher than the one before",
        ),
        (
            openai_responses,
            lambda s: s.replace(b"response.completed", b"response.done"),
            "expected response.completed",
        ),
        (
            openai_responses,
            lambda s: b"\n\n".join(s.split(b"\n\n")[1:]),
            "expected response.created",
        ),
    ],
)
def test_what_breaks_the_form_of_a_stream_is_named(wire, broken, said):
    assert said in (forms.stream_lacks(wire.name, broken(stream(wire))) or "")
