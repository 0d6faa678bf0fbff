"""Replies in Ollama's words: whole, line by line, cut, and broken off."""

import json
from typing import Any

import pytest

from dragoman.chat import (
    Extras,
    Reasoning,
    Reply,
    Stop,
    StopReason,
    Text,
    ToolCall,
    UpstreamError,
    Usage,
)
from dragoman.services.providers import FAMILIES
from dragoman.testing.grammar import check_grammar
from dragoman.testing.tapes import pieces_of, read_stream
from dragoman.wire import ollama_chat

HEAD = {"model": "qwen3", "created_at": "2026-11-22T10:00:00.123456789Z"}
LAST = {"done": True, "done_reason": "stop", "prompt_eval_count": 26, "eval_count": 9}
TOO_LONG = (
    '{"error":{"code":400,"message":"request (351 tokens) exceeds the available context size '
    '(256 tokens), try increasing it","type":"exceed_context_size_error"}}'
)


def line(message: dict[str, Any] | None = None, **more: Any) -> bytes:
    said = {"message": {"role": "assistant", "content": "", **(message or {})}}
    return json.dumps({**HEAD, **said, "done": False, **more}).encode() + b"\n"


def calling(name: str, **more: Any) -> dict[str, Any]:
    return {"function": {"index": 0, "name": name, "arguments": {"at": name}}, **more}


TAPE = b"".join(
    [
        line({"thinking": "h"}),
        line({"thinking": "m"}),
        line({"content": "Let me "}),
        line({"content": "see"}),
        line({"tool_calls": [calling("tide", id="c1"), calling("ship")]}),
        line(**LAST, total_duration=5),
    ]
)


def test_a_stream_tells_thoughts_words_and_calls():
    told = read_stream(ollama_chat, [TAPE])

    thought, words, first, second = told.reply.parts
    assert thought == Reasoning("hm", origin="ollama_chat")
    assert words == Text("Let me see")
    assert first == ToolCall("c1", "tide", '{"at":"tide"}')
    assert isinstance(second, ToolCall)
    assert second.id.startswith("call_ollama_")
    assert told.reply.stop == Stop(StopReason.TOOL, "stop")
    assert told.reply.usage == Usage(input=26, output=9)
    assert told.reply.created == 1795341600
    assert told.reply.extras == Extras(
        "ollama_chat", {"created_at": HEAD["created_at"], "total_duration": 5}
    )
    check_grammar(told.events)


@pytest.mark.parametrize("seed", range(3))
def test_a_stream_is_the_same_however_it_is_cut(seed):
    assert read_stream(ollama_chat, pieces_of(TAPE, seed)) == read_stream(ollama_chat, [TAPE])


@pytest.mark.parametrize("clean", [True, False])
def test_a_stream_that_is_cut_anywhere_is_never_whole(clean):
    for cut in range(len(TAPE)):
        told = read_stream(ollama_chat, [TAPE[:cut]], clean=clean)
        assert told.failure is not None
        assert told.failure.reason == "stream_interrupted"
        check_grammar(told.events, finished=False)


def test_a_stream_told_as_a_whole_is_the_same_reply():
    reply = read_stream(ollama_chat, [TAPE]).reply

    again = ollama_chat.read_reply(ollama_chat.write_reply(reply))

    assert [type(part) for part in again.parts] == [type(part) for part in reply.parts]
    assert (again.text, again.stop, again.usage, again.extras) == (
        reply.text,
        reply.stop,
        reply.usage,
        reply.extras,
    )


@pytest.mark.parametrize(
    ("error", "category"),
    [
        ("an error was encountered while running the model", "bad_response"),
        ("server busy, please try again.  maximum pending requests exceeded", "overloaded"),
        ({"message": "no", "code": "rate_limit_exceeded"}, "rate_limit"),
    ],
)
def test_an_error_in_a_stream_ends_it_under_its_category(error, category):
    body = line({"content": "So"}) + json.dumps({"error": error}).encode() + b"\n"

    told = read_stream(ollama_chat, [body])

    assert told.failure is not None
    assert told.reply.text == "So"
    assert told.reply.stop is None
    assert FAMILIES["ollama"].map_error(UpstreamError(told.failure)).category == category


@pytest.mark.parametrize(
    ("status", "error", "category"),
    [
        (400, '"llama3" does not support thinking', "unsupported"),
        (404, "model 'llama9' not found", "model_not_found"),
        (400, TOO_LONG, "context_too_long"),
        (429, "you (ada) have reached your weekly usage limit", "quota_exhausted"),
        (429, "too many requests", "rate_limit"),
        (503, "server busy, please try again.", "overloaded"),
        (500, "model runner has unexpectedly stopped", "bad_response"),
    ],
)
def test_an_error_answer_gets_its_category(status, error, category):
    failure = ollama_chat.read_failure(status, {}, json.dumps({"error": error}).encode())

    assert FAMILIES["ollama"].map_error(UpstreamError(failure)).category == category
    assert failure.message
    assert not failure.message.startswith("{")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[]", "bad_json"),
        (b"<html>", "bad_json"),
        (b"{}", "empty_response"),
        (line({"tool_calls": [{"function": {}}]}, **LAST), "bad_payload"),
    ],
)
def test_what_is_no_reply_is_the_vendors_fault(body, reason):
    with pytest.raises(UpstreamError) as caught:
        ollama_chat.read_reply(body)
    assert caught.value.failure.reason == reason

    streamed = read_stream(ollama_chat, [body + b"\n"])
    assert streamed.failure is not None
    assert streamed.reply.stop is None


def test_a_whole_reply_may_be_an_error():
    with pytest.raises(UpstreamError, match="ill"):
        ollama_chat.read_reply(b'{"error": "I am ill"}')


def test_a_whole_reply_of_an_older_server_survives_being_read_and_written():
    said = {
        **HEAD,
        "message": {"role": "assistant", "content": "Hi", "mood": "good"},
        "done": True,
        "eval_count": -1,
        "load_duration": 7,
    }

    reply = ollama_chat.read_reply(json.dumps(said).encode())

    assert reply.stop == Stop(StopReason.STOP)
    assert reply.usage == Usage()
    assert json.loads(ollama_chat.write_reply(reply)) == said


@pytest.mark.parametrize(
    ("stop", "word"),
    [
        (Stop(StopReason.STOP, "end_turn"), "stop"),
        (Stop(StopReason.TOOL, "tool_calls"), "stop"),
        (Stop(StopReason.LENGTH, "max_tokens"), "length"),
        (Stop(StopReason.CONTEXT_FULL), "length"),
        (Stop(StopReason.CONTENT_FILTER, "SAFETY"), "stop"),
    ],
)
def test_another_formats_reply_ends_in_a_word_of_this_one(stop, word):
    said = json.loads(ollama_chat.write_reply(Reply(parts=(Text("x"),), stop=stop)))

    assert (said["done"], said["done_reason"]) == (True, word)


def test_an_unfinished_reply_is_not_done():
    assert json.loads(ollama_chat.write_reply(Reply(parts=(Text("x"),))))["done"] is False
