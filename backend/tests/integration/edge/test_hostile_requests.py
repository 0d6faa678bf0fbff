"""Requests that are well-formed HTTP and still not to be served, through the whole application.

Each is refused in the words of every other error, and none reaches a provider.
"""

import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest

from dragoman.testing import ScriptedUpstream, scripted_upstream
from tests.support.server import Dragoman, configured, running

JSON = {"content-type": "application/json"}
GOOD = b'{"message": "Hello"}'


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream() as scripted:
        yield scripted
        assert scripted.received == []


@pytest.fixture
async def dragoman(upstream: ScriptedUpstream, tmp_path) -> AsyncIterator[Dragoman]:
    environ = {"OPENAI_API_KEY": "canary-key", "OPENAI_BASE_URL": f"{upstream.url}/v1"}
    async with running(configured(tmp_path, environ)) as server:
        yield server
        async with server.client.get("/health") as response:
            assert response.status == 200
            assert (await response.json())["inFlight"] == 0


async def refused(
    dragoman: Dragoman,
    body: bytes | BytesIO = GOOD,
    *,
    method: str = "POST",
    path: str = "/api/v1/messages",
    **headers: str,
) -> tuple[int, dict[str, Any]]:
    """Send a request; give the status and the body of its refusal."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with dragoman.client.request(
        method, path, data=body, headers={**JSON, **named}, skip_auto_headers=("accept",)
    ) as response:
        told = json.loads(await response.read() or b"{}")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert not [name for name in response.headers if name.lower().startswith("access-control")]
        if method != "HEAD":
            assert (told["status"], told["code"]) == ("error", "INVALID_REQUEST")
            assert told["request_id"] == response.headers["x-request-id"]
            assert "canary" not in str(told)
        return response.status, told


DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
UNSOUND = {
    "nothing": (b"", 400),
    "half an object": (b"{", 400),
    "an array": (b"[]", 422),
    "a string": (b'"Hello"', 422),
    "a number": (b"1", 422),
    "null": (b"null", 422),
    "two values": (GOOD + GOOD, 400),
    "a known key too deep": (b'{"message": %b}' % DEEP, 400),
    "an unknown key too deep": (b'{"message": "Hello", "x": %b}' % DEEP, 400),
    "an integer too large": (b'{"message": "Hello", "x": %b}' % (b"9" * 5_000), 400),
    "a number too large": (b'{"message": "Hello", "x": 1e999}', 400),
    "no number": (b'{"message": "Hello", "x": NaN}', 400),
    "infinity": (b'{"message": "Hello", "x": -Infinity}', 400),
    "half a pair": (rb'{"message": "\ud800"}', 422),
    "half a pair in an unknown key": (rb'{"message": "Hello", "x": {"y": ["\udfff"]}}', 422),
    "a NUL": (rb'{"message": "a\u0000b"}', 422),
    "a NUL for a key": (rb'{"message": "Hello", "\u0000": 1}', 422),
    "a key twice": (b'{"message": "Hello", "model": "a", "model": "b"}', 400),
    "UTF-16": (GOOD.decode().encode("utf-16"), 400),
    "no UTF-8": (b'{"message": "\xff"}', 400),
}


@pytest.mark.parametrize("name", UNSOUND)
async def test_a_body_that_is_not_sound_json_is_refused(dragoman: Dragoman, name: str):
    body, status = UNSOUND[name]

    assert (await refused(dragoman, body))[0] == status


async def test_a_body_that_is_too_long_is_refused(dragoman: Dragoman):
    long = b'{"message": "' + b"x" * (1 << 20) + b'"}'

    status, told = await refused(dragoman, BytesIO(long))

    assert status == 413
    assert told["error"] == "body: must be at most 1,048,576 bytes long"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", ""],
)
async def test_a_body_of_another_type_is_refused(dragoman: Dragoman, content_type: str):
    assert (await refused(dragoman, content_type=content_type))[0] == 415


async def test_a_compressed_body_is_refused(dragoman: Dragoman):
    assert (await refused(dragoman, content_encoding="gzip"))[0] == 415


@pytest.mark.parametrize("accept", ["text/html", "text/event-stream;q=0", "*/*;q=0"])
async def test_a_client_that_takes_neither_form_is_refused(dragoman: Dragoman, accept: str):
    assert (await refused(dragoman, accept=accept))[0] == 406


@pytest.mark.parametrize("path", ["/api/v1/messages", "/api/v1/models", "/health", "/docs", "/no"])
async def test_a_foreign_host_is_refused_wherever_it_knocks(dragoman: Dragoman, path: str):
    status, told = await refused(dragoman, method="GET", path=path, host="evil.example")

    assert (status, told["reason"]) == (421, "host_denied")


async def test_a_page_of_another_origin_can_ask_for_nothing(dragoman: Dragoman):
    status, told = await refused(dragoman, origin="https://evil.example")
    assert (status, told["reason"]) == (403, "origin_denied")

    assert (await refused(dragoman, sec_fetch_site="cross-site"))[0] == 403
    preflight = {"origin": "https://evil.example", "access_control_request_method": "POST"}
    assert (await refused(dragoman, b"", method="OPTIONS", **preflight))[0] == 403


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "HEAD"])
async def test_another_method_is_refused_and_the_right_one_named(dragoman: Dragoman, method: str):
    async with dragoman.client.request(method, "/api/v1/messages") as response:
        assert response.status == 405
        assert "POST" in response.headers["allow"]


async def test_a_method_is_not_overridden_by_a_header(dragoman: Dragoman):
    assert (await refused(dragoman, method="PUT", x_http_method_override="POST"))[0] == 405


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/messages/",
        "/api/v1//messages",
        "/api/v1/messages%00",
        "/api/v1/%2e%2e/v1/x",
        "/docs/%2e%2e/openapi",
        "/docs/main.py",
        "/" + "a" * 8_000,
    ],
)
async def test_a_path_that_is_none_leads_nowhere(dragoman: Dragoman, path: str):
    async with dragoman.client.get(dragoman.url + path, allow_redirects=False) as response:
        assert response.status in {404, 405, 307}
        assert "traceback" not in (await response.text()).lower()
