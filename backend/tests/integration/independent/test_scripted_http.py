"""HTTP as vendors, their proxies and strangers on their port may speak it: every byte is ours."""

import json

import pytest

from dragoman.testing import Script

from .vendors import BOTH_MODES, BOTH_VENDORS

OK = b"HTTP/1.1 200 OK\r\n"
JSON = b"content-type: application/json\r\n"

SOUND = {
    "a whole body": OK + JSON + b"content-length: %d\r\n\r\n%b",
    "a word of patience before it": b"HTTP/1.1 100 Continue\r\n\r\n"
    + OK
    + JSON
    + b"content-length: %d\r\n\r\n%b",
    "a hint before it": b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    + OK
    + JSON
    + b"content-length: %d\r\n\r\n%b",
    "no word of its type": OK + b"content-length: %d\r\n\r\n%b",
    "text that is JSON": OK + b"content-type: text/plain\r\ncontent-length: %d\r\n\r\n%b",
    "another alphabet in a header": "HTTP/1.1 200 Ö\r\nx: é中\r\n".encode()
    + JSON
    + b"content-length: %d\r\n\r\n%b",
}


@BOTH_VENDORS
@BOTH_MODES
@pytest.mark.parametrize("head", SOUND)
async def test_an_answer_is_understood_with(asker, upstream, vendor, mode, head):
    body = json.dumps(vendor.whole("Good day")).encode()
    upstream.play(Script(pieces=(SOUND[head] % (len(body), body),), raw=True))
    answer = await asker.ask(vendor.model, mode)
    assert (answer.status, answer.text) == (200, "Good day")


@BOTH_VENDORS
@BOTH_MODES
@pytest.mark.parametrize("head", [OK + b"connection: close\r\n", b"HTTP/1.0 200 OK\r\n"])
async def test_a_body_may_end_with_its_connection(asker, upstream, vendor, mode, head):
    body = json.dumps(vendor.whole("Good day")).encode()
    upstream.play(Script(pieces=(head + JSON + b"\r\n" + body,), end="cut", raw=True))
    answer = await asker.ask(vendor.model, mode)
    assert (answer.status, answer.text) == (200, "Good day")


@BOTH_VENDORS
@BOTH_MODES
async def test_a_body_that_ends_with_its_connection_too_early_is_none(
    asker, upstream, vendor, mode
):
    body = json.dumps(vendor.whole("Good day")).encode()
    upstream.play(Script(pieces=(OK + JSON + b"\r\n" + body[:-1],), end="cut", raw=True))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "LLM_ERROR", "bad_json")


NONSENSE = {
    "a stranger": (b"SSH-2.0-OpenSSH_9.6\r\n", "bad_headers"),
    "a page without a head": (b"<html><body>Hello</body></html>", "bad_headers"),
    "a status of letters": (b"HTTP/1.1 two hundred\r\n\r\n", "bad_headers"),
    "a NUL in a header": (OK + b"x: a\x00b\r\n\r\n", "bad_headers"),
    "two lengths": (OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\n{}", "bad_headers"),
    "a length of letters": (OK + b"content-length: two\r\n\r\n{}", "bad_headers"),
    "a chunk without a length": (
        OK + JSON + b"transfer-encoding: chunked\r\n\r\nlong\r\n",
        "bad_headers",
    ),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", "upstream_bad_response"),
    "another protocol": (
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\n",
        "upstream_bad_response",
    ),
}


@BOTH_VENDORS
@BOTH_MODES
@pytest.mark.parametrize("spoken", NONSENSE)
async def test_no_answer_is(asker, upstream, vendor, mode, spoken):
    octets, reason = NONSENSE[spoken]
    upstream.play(Script(pieces=(octets,), end="cut", raw=True))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "LLM_ERROR", reason)


SILENCE = {"no byte": b"", "half a head": OK + b"content-type: appl"}


@BOTH_VENDORS
@BOTH_MODES
@pytest.mark.parametrize("end", ["cut", "reset"])
@pytest.mark.parametrize("spoken", SILENCE)
async def test_a_vendor_that_hangs_up_says_so_after(asker, upstream, vendor, mode, end, spoken):
    upstream.play(Script(pieces=(SILENCE[spoken],), end=end, pause=0.003, raw=True))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome[:2] == (503, "CONNECTION_ERROR")
    assert answer.last["reason"] in {"premature_close", "connection_reset"}


@BOTH_VENDORS
@BOTH_MODES
async def test_what_a_vendor_sends_unasked_is_not_taken_for_the_next_answer(
    asker, upstream, vendor, mode
):
    first, second = (json.dumps(vendor.whole(text)).encode() for text in ("first", "smuggled"))
    both = (SOUND["a whole body"] % (len(body), body) for body in (first, second))
    upstream.play(
        Script(pieces=(b"".join(both),), raw=True),
        Script(pieces=(SOUND["a whole body"] % (len(first), first),), raw=True),
    )
    for _ in range(2):
        assert (await asker.ask(vendor.model, mode)).text == "first"


@BOTH_VENDORS
@BOTH_MODES
async def test_u52_a_kept_connection_that_is_gone_is_nothing_to_its_client(
    asker, upstream, vendor, mode
):
    body = json.dumps(vendor.whole("Good day")).encode()
    good = Script(pieces=(SOUND["a whole body"] % (len(body), body),), raw=True)
    upstream.play(good, Script(raw=True, end="cut"), good)
    for _ in range(2):
        answer = await asker.ask(vendor.model, mode)
        assert (answer.status, answer.text) == (200, "Good day")
    assert len(upstream.received) == 3
