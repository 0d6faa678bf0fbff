"""A fault of ours on the framework's routes is told like every other error, and ends in the log."""

import json

import pytest
from fastapi import FastAPI

from dragoman.api.errors import problem_of
from dragoman.api.fastapi_errors import speak_one_language
from dragoman.api.relay import Meter
from dragoman.api.server import Boundary


async def ask(path: str) -> tuple[int, dict[str, str], bytes]:
    app = FastAPI()

    @app.get(path)
    async def fail() -> None:
        raise ValueError("the canary sang")

    speak_one_language(app, problem_of)
    told: list[dict] = []

    async def send(message) -> None:
        told.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await Boundary(app, explain=problem_of, meter=Meter())(scope, receive, send)
    start, *bodies = told
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, b"".join(message["body"] for message in bodies)


@pytest.mark.parametrize("path", ["/api/v1/here", "/v1/models/here", "/v1beta/models/here"])
async def test_a_fault_is_told_in_the_callers_words_with_the_id_that_finds_it(path):
    status, headers, body = await ask(path)

    assert status == 500
    assert headers["content-type"] == "application/json"
    assert headers["x-request-id"].startswith("req-")
    assert "error" in json.loads(body)
    assert b"canary" not in body
