import json
from typing import Any

import pytest

from dragoman.api.guard import Guard

Headers = dict[str, str] | list[tuple[str, str]]


async def homely(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers everything with 204."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def ask(
    headers: Headers, method: str = "POST", guard: Guard | None = None
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Ask through a guard; give the status, the headers and the body of the answer."""
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("a guard reads no body")

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = headers.items() if isinstance(headers, dict) else headers
    scope = {
        "type": "http",
        "method": method,
        "path": "/api/v1/messages",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
        "state": {"request_id": "req-1"},
    }
    await (guard or Guard(homely, "127.0.0.1"))(scope, receive, send)
    start, body = sent
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], told, json.loads(body.get("body") or b"{}")


async def status(headers: Headers, method: str = "POST", guard: Guard | None = None) -> int:
    return (await ask(headers, method, guard))[0]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:8000"],
)
async def test_a_server_on_loopback_answers_to_the_names_of_loopback(host: str, method: str):
    assert await status({"host": host}, method) == 204


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "localhost.",
        "127.0.0.1.nip.io",
        "127.0.0.2",
        "10.0.0.1:8000",
        "[::2]",
        "::1",
        "[::1",
        "localhost:8000:9000",
        "localhost:abc",
        "evil.example@localhost",
        "localhost/evil.example",
        "localhost, evil.example",
        "localhost evil.example",
        "",
        "\xffhost",
    ],
)
async def test_a_server_on_loopback_refuses_every_other_name(host: str, method: str):
    assert await status({"host": host}, method) == 421


async def test_a_refusal_says_what_to_do_and_in_which_request():
    code, headers, body = await ask({"host": "evil.example"})

    assert code == 421
    assert headers["content-type"] == "application/json"
    assert (body["status"], body["code"], body["reason"], body["request_id"]) == (
        "error",
        "INVALID_REQUEST",
        "host_denied",
        "req-1",
    )
    assert "localhost" in body["error"]


async def test_a_request_without_a_host_or_with_two_is_refused():
    assert await status({}) == 421
    assert await status([("host", "localhost"), ("host", "evil.example")]) == 421
    assert await status([("host", "localhost"), ("host", "localhost")]) == 421


async def test_configured_names_are_let_in_beside_those_of_loopback():
    guard = Guard(homely, "127.0.0.1", allowed_hosts=["Chat.example"])

    assert await status({"host": "chat.example:8000"}, guard=guard) == 204
    assert await status({"host": "localhost"}, guard=guard) == 204
    assert await status({"host": "evil.example"}, guard=guard) == 421


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "localhost", "::1", "[::1]"])
async def test_every_spelling_of_loopback_is_guarded(address: str):
    assert await status({"host": "evil.example"}, guard=Guard(homely, address)) == 421


async def test_elsewhere_any_name_will_do_until_some_are_configured():
    anybody = Guard(homely, "0.0.0.0")
    configured = Guard(homely, "0.0.0.0", allowed_hosts=["chat.example"])

    assert await status({"host": "chat.example"}, guard=anybody) == 204
    assert await status({"host": "chat.example"}, guard=configured) == 204
    assert await status({"host": "evil.example"}, guard=configured) == 421


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("http://localhost", "localhost:80"),
        ("https://localhost", "localhost"),
        ("https://localhost:443", "localhost"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("HTTP://LOCALHOST:8000", "localhost:8000"),
    ],
)
async def test_a_page_of_our_own_may_ask(origin: str, host: str):
    assert await status({"host": host, "origin": origin}) == 204


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost:3000",
        "http://localhost",
        "http://127.0.0.1:8000",
        "http://localhost:8000.evil.example",
        "http://localhost:8000@evil.example",
        "http://localhost:8000/",
        "http://",
        "null",
        "",
        "file://",
        "chrome-extension://localhost:8000",
        "localhost:8000",
        "http://localhost:8000, http://evil.example",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_page_of_another_origin_may_change_nothing(origin: str, method: str):
    code, headers, body = await ask({"host": "localhost:8000", "origin": origin}, method)

    assert (code, body["reason"]) == (403, "origin_denied")
    assert not [name for name in headers if name.startswith("access-control-")]


async def test_two_origins_are_none_of_ours():
    two = [("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://localhost")]

    assert await status(two) == 403


@pytest.mark.parametrize(
    ("site", "expected"),
    [("same-origin", 204), ("none", 204), ("same-site", 403), ("cross-site", 403), ("new", 403)],
)
async def test_without_an_origin_the_browser_is_asked_where_the_page_is_from(
    site: str, expected: int
):
    assert await status({"host": "localhost", "sec-fetch-site": site}) == expected


async def test_a_page_of_another_origin_may_link_here():
    headers = {"host": "localhost", "sec-fetch-site": "cross-site"}

    assert await status(headers, "GET") == 204
    assert await status(headers, "HEAD") == 204


async def test_a_preflight_is_refused_and_no_answer_has_a_word_of_cors():
    headers = {
        "host": "localhost:8000",
        "origin": "https://evil.example",
        "access-control-request-method": "POST",
    }

    code, told, _ = await ask(headers, "OPTIONS")

    assert code == 403
    assert not [name for name in told if name.startswith("access-control-")]


async def test_a_question_about_methods_is_no_preflight():
    assert await status({"host": "localhost"}, "OPTIONS") == 204


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "TRACK"])
async def test_methods_that_serve_nobody_here_are_refused(method: str):
    code, headers, _ = await ask({"host": "localhost"}, method)

    assert code == 405
    assert "POST" in headers["allow"]


@pytest.mark.parametrize(
    "believed",
    [
        {"x-http-method-override": "DELETE"},
        {"x-forwarded-host": "localhost"},
        {"x-forwarded-for": "127.0.0.1"},
        {"forwarded": "host=localhost"},
    ],
)
async def test_what_a_client_says_of_its_request_is_not_believed(believed: dict[str, str]):
    assert await status({"host": "evil.example", **believed}) == 421
    assert await status({"host": "localhost", **believed}, "GET") == 204


async def test_the_method_and_the_path_reach_the_application_untouched():
    seen: list[tuple[str, str]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["method"], scope["path"]))
        await homely(scope, receive, send)

    headers = {"host": "localhost", "x-http-method-override": "DELETE", "x-original-url": "/admin"}
    await ask(headers, "GET", Guard(application, "localhost"))

    assert seen == [("GET", "/api/v1/messages")]


async def test_the_start_and_the_end_of_the_server_pass_and_websockets_do_not():
    reached: list[str] = []
    sent: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    async def send(message: Any) -> None:
        sent.append(message)

    guard = Guard(application, "127.0.0.1")
    await guard({"type": "lifespan"}, send, send)
    await guard({"type": "websocket", "path": "/", "headers": []}, send, send)

    assert reached == ["lifespan"]
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_a_guard_that_stands_alone_gives_the_request_an_id():
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    await Guard(homely, "127.0.0.1")(scope, send, send)

    assert json.loads(sent[1]["body"])["request_id"].startswith("req-")
