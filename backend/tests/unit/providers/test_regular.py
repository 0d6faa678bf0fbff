"""Which whole replies go on as they came: those with all that typed clients insist on."""

import json
from copy import deepcopy
from typing import Final

import pytest

from dragoman.chat import Json, JsonObject
from dragoman.services.providers.regular import is_regular
from dragoman.wire import anthropic_messages, gemini, openai_chat
from dragoman.wire.base import Wire

_CALL: Final = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "f", "arguments": '{"arguments": {}}'},
}
_CHAT: Final[JsonObject] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": '"usage": null', "tool_calls": [_CALL]},
            "finish_reason": "tool_calls",
        }
    ],
}
_MESSAGE: Final[JsonObject] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": '"usage": null'}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


def _is_regular(wire: Wire, said: JsonObject) -> bool:
    body = json.dumps(said).encode()
    return is_regular(wire.name, wire.read_reply(body), body)


def _without(said: JsonObject, *path: Json) -> JsonObject:
    return _with(said, ..., *path)


def _with(said: JsonObject, value: Json, *path: Json) -> JsonObject:
    changed = inner = deepcopy(said)
    for step in path[:-1]:
        inner = inner[step]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return changed


_CHOICE: Final = ("choices", 0)
_FUNCTION: Final = (*_CHOICE, "message", "tool_calls", 0, "function")


def test_a_reply_that_leaves_nothing_out_is_regular():
    assert _is_regular(openai_chat, _CHAT)
    assert _is_regular(anthropic_messages, _MESSAGE)


@pytest.mark.parametrize(
    "path",
    [
        ("object",),
        (*_CHOICE, "index"),
        (*_CHOICE, "finish_reason"),
        (*_CHOICE, "message", "role"),
    ],
    ids=lambda path: str(path[-1]),
)
def test_a_completion_that_leaves_out_what_clients_insist_on_is_not(path: tuple[Json, ...]):
    assert not _is_regular(openai_chat, _without(_CHAT, *path))


@pytest.mark.parametrize("name", ["type", "role", "stop_reason", "usage"])
def test_a_message_that_leaves_out_what_clients_insist_on_is_not(name: str):
    assert not _is_regular(anthropic_messages, _without(_MESSAGE, name))


@pytest.mark.parametrize("name", ["stop_reason", "usage"])
def test_what_clients_insist_on_may_not_be_null_in_a_message(name: str):
    assert not _is_regular(anthropic_messages, _with(_MESSAGE, None, name))


def test_a_completion_must_say_why_it_ended():
    assert not _is_regular(openai_chat, _with(_CHAT, None, *_CHOICE, "finish_reason"))


@pytest.mark.parametrize("arguments", [{}, {"a": 1}, None], ids=str)
def test_the_arguments_of_a_call_must_be_text(arguments: Json):
    assert not _is_regular(openai_chat, _with(_CHAT, arguments, *_FUNCTION, "arguments"))


def test_other_formats_have_no_such_rule():
    said = {"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}

    assert _is_regular(gemini, said)
