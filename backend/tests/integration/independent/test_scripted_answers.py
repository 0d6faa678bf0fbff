"""What a vendor's whole answer can be instead of an answer: rows U21 to U30 and their kin."""

import gzip
import json

import pytest

from dragoman.testing import Script
from dragoman.testing.upstream import streamed, whole

from .vendors import BOTH_MODES, BOTH_VENDORS

JSON = {"content-type": "application/json"}
PAGE = b"<!DOCTYPE html><html><head><title>502</title></head><body>Bad gateway</body></html>"


@BOTH_VENDORS
@BOTH_MODES
async def test_u21_a_page_of_a_proxy_is_the_providers_failure(asker, upstream, vendor, mode):
    upstream.play(Script(502, {"content-type": "text/html"}, (PAGE,)))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "LLM_ERROR", "upstream_5xx")
    assert "gateway" not in answer.body
    assert len(upstream.received) == 1


@BOTH_VENDORS
@BOTH_MODES
async def test_u22_unavailable_keeps_its_retry_after(asker, upstream, vendor, mode):
    upstream.play(Script(503, {**JSON, "retry-after": "11"}, (b"{}",)))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "LLM_ERROR", "upstream_unavailable")
    assert answer.headers["retry-after"] == "11"
    assert answer.last["detail"]["retryAfter"] == 11


LAST_WORDS = {
    "broken off": Script(429, {**JSON, "retry-after": "3"}, (b'{"error": {"mess',), end="cut"),
    "never finished": Script(429, {**JSON, "retry-after": "3"}, (b'{"error": {',), end="hang"),
    "without end": Script(429, {**JSON, "retry-after": "3"}, (b"x" * 65536,) * 400),
    "garbled": Script(
        429, {**JSON, "retry-after": "3", "content-encoding": "gzip"}, (b"not packed",)
    ),
}


@BOTH_VENDORS
@BOTH_MODES
@pytest.mark.parametrize("words", LAST_WORDS)
async def test_an_error_keeps_its_status_and_wait_whatever_becomes_of_its_words(
    asker, upstream, vendor, mode, words
):
    upstream.play(LAST_WORDS[words])
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "RATE_LIMIT", "rate_limited")
    assert answer.headers["retry-after"] == "3"


@BOTH_VENDORS
@BOTH_MODES
@pytest.mark.parametrize("body", [b"{", b"not json", b'{"choices": [', b"\xff\xfe{}"])
async def test_u24_json_that_is_none_is_a_bad_response(asker, upstream, vendor, mode, body):
    upstream.play(Script(200, JSON, (body,)))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "LLM_ERROR", "bad_json")


@BOTH_VENDORS
@BOTH_MODES
async def test_u25_an_empty_body_is_no_answer(asker, upstream, vendor, mode):
    upstream.play(Script(200, JSON))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome[:2] == (503, "LLM_ERROR")
    assert answer.outcome[2] in {"bad_json", "empty_response"}


@BOTH_VENDORS
@BOTH_MODES
async def test_u25_an_answer_without_words_is_no_answer(asker, upstream, vendor, mode):
    upstream.play(whole(vendor.whole("")))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "LLM_ERROR", "empty_response")


@BOTH_MODES
@pytest.mark.parametrize("choices", [[], [{"index": 0, "message": {"content": None}}]])
async def test_u25_no_choices_and_no_content_are_no_answer(asker, upstream, mode, choices):
    upstream.play(whole({"id": "x", "object": "chat.completion", "choices": choices}))
    answer = await asker.ask("gpt", mode)
    assert answer.outcome[:2] == (503, "LLM_ERROR")


@BOTH_VENDORS
@BOTH_MODES
async def test_u26_a_page_instead_of_a_stream_is_a_bad_content_type(asker, upstream, vendor, mode):
    upstream.play(Script(200, {"content-type": "text/html; charset=utf-8"}, (PAGE,)))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "LLM_ERROR", "bad_content_type")


@BOTH_VENDORS
async def test_u27_a_whole_answer_to_a_streamed_question_is_told_as_a_stream(
    asker, upstream, vendor
):
    upstream.play(whole(vendor.whole("Good day")))
    answer = await asker.ask(vendor.model, "streamed")
    assert answer.is_stream
    assert (answer.text, answer.last["type"], answer.last["totalTokens"]) == (
        "Good day",
        "complete",
        9,
    )


@BOTH_VENDORS
async def test_u28_a_stream_as_answer_to_a_whole_question_is_told_whole(asker, upstream, vendor):
    upstream.play(streamed(vendor.stream(["Good", " day"])))
    answer = await asker.ask(vendor.model, "whole")
    assert not answer.is_stream
    assert (answer.status, answer.text, answer.last["usage"]["totalTokens"]) == (200, "Good day", 9)


@BOTH_VENDORS
@BOTH_MODES
async def test_u29_a_chunked_body_that_breaks_off_is_no_answer(asker, upstream, vendor, mode):
    body = json.dumps(vendor.whole("Good day")).encode()
    upstream.play(Script(200, JSON, (body,), end="cut"))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "CONNECTION_ERROR", "premature_close")


@BOTH_VENDORS
@BOTH_MODES
async def test_u30_a_body_shorter_than_it_was_announced_is_no_answer(asker, upstream, vendor, mode):
    body = json.dumps(vendor.whole("Good day")).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    upstream.play(Script(pieces=(head % (len(body) + 1), body), end="cut", raw=True))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "CONNECTION_ERROR", "premature_close")


@BOTH_VENDORS
@BOTH_MODES
async def test_u52_a_connection_that_the_vendor_closed_is_not_used_again(
    asker, upstream, vendor, mode
):
    body = json.dumps(vendor.whole("Good day")).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    # It says nothing of closing, and closes.
    upstream.play(Script(pieces=(head % len(body) + body,), end="cut", raw=True))
    for _ in range(5):
        assert (await asker.ask(vendor.model, mode)).text == "Good day"


@BOTH_VENDORS
async def test_a_packed_answer_is_unpacked_though_nobody_asked_for_one(asker, upstream, vendor):
    body = gzip.compress(json.dumps(vendor.whole("Good day")).encode())
    upstream.play(Script(200, {**JSON, "content-encoding": "gzip"}, (body,)))
    assert (await asker.ask(vendor.model, "whole")).text == "Good day"
