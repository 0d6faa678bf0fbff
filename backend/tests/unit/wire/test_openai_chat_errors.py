"""The facts of an error answer, in every shape that servers give it, and the body of ours."""

import json
from typing import Any

import pytest

from dragoman.chat import ERROR_CLASSES, Category, Failure, Json, LLMServiceError
from dragoman.wire import openai_chat as wire


def facts(body: Json, status: int = 400, **headers: str) -> Failure:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return wire.read_failure(status, headers, raw)


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (
            {"error": {"message": "No.", "type": "t", "param": "p", "code": "c"}},
            Failure(message="No.", status=400, code="c", type="t", param="p"),
        ),
        (
            {"error": {"message": "No.", "type": "t", "param": None, "code": None}},
            Failure(message="No.", status=400, type="t"),
        ),
        (
            {"error": {"code": 429, "message": "Slow down.", "metadata": {}}},
            Failure(message="Slow down.", status=400, code="429"),
        ),
        (
            {"error": {"code": 502, "message": "Failed", "metadata": {"raw": "host is away"}}},
            Failure(message="Failed: host is away", status=400, code="502"),
        ),
        (
            {
                "error": {
                    "code": 400,
                    "message": "Failed",
                    "metadata": {"raw": '{"error":{"message":"too long"}}'},
                }
            },
            Failure(message="Failed: too long", status=400, code="400"),
        ),
        (
            {"object": "error", "message": "No.", "type": "t", "code": "1300", "param": None},
            Failure(message="No.", status=400, code="1300", type="t"),
        ),
        (
            {"object": "error", "message": {"detail": [{"loc": ["body", 0], "msg": "bad"}]}},
            Failure(message="body.0: bad", status=400),
        ),
        ({"error": "No."}, Failure(message="No.", status=400)),
        (
            {"error": "No.", "error_type": "t", "code": "quota"},
            Failure(message="No.", status=400, code="quota", type="t"),
        ),
        ({"detail": "No."}, Failure(message="No.", status=400)),
        (
            {"detail": [{"loc": ["a"], "msg": "x"}, {"msg": "y"}]},
            Failure(message="a: x; y", status=400),
        ),
        (
            {"message": "No.", "request_id": "r"},
            Failure(message="No.", status=400, request_id="r"),
        ),
        (
            [{"error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT"}}],
            Failure(message="No.", status=400, code="400", type="INVALID_ARGUMENT"),
        ),
        ({"error": {"message": "No.", "code": True}}, Failure(message="No.", status=400)),
        ({"error": {"message": ""}, "message": "No."}, Failure(message="No.", status=400)),
        ({}, Failure(status=400)),
        (7, Failure(status=400)),
        (b"", Failure(status=400)),
        (b"upstream connect error", Failure(message="upstream connect error", status=400)),
    ],
)
def test_the_facts_are_found_in_every_shape(body: Json, failure: Failure):
    assert facts(body) == failure


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
        b"  <html>\n<head><title>503</title></head></html>",
        b"<h1>Not here</h1>",
        {"error": {"message": "<html><body>oops</body></html>"}},
    ],
)
def test_a_page_is_never_quoted(page: Json):
    assert facts(page, 502) == Failure(status=502)


def test_an_endless_nest_of_errors_has_no_message():
    nest: Json = "x"
    for _ in range(200):
        nest = {"error": nest}

    assert facts(nest).message == ""


@pytest.mark.parametrize("name", ["x-request-id", "X-Request-ID", "request-id", "apim-request-id"])
def test_the_vendors_own_id_of_the_request_is_kept(name: str):
    assert facts({"error": "No."}, **{name: "req-1"}).request_id == "req-1"


def test_an_error_in_a_stream_may_hold_the_status_that_http_could_not():
    event = {"error": {"message": "No.", "status_code": 400, "code": "tool_use_failed"}}

    assert facts(event, 200).status == 400
    assert facts({"error": {"message": "No.", "code": 429}}, 200).status == 429
    assert facts({"error": {"message": "No.", "code": 1300}}, 200).status == 200


@pytest.mark.parametrize(
    ("category", "kind", "code"),
    [
        (Category.AUTHENTICATION, "server_error", "upstream_auth"),
        (Category.QUOTA_EXHAUSTED, "insufficient_quota", "quota_exhausted"),
        (Category.INVALID_REQUEST, "invalid_request_error", "vendors_own"),
    ],
)
def test_an_error_is_told_in_the_words_of_the_format(category: Category, kind: str, code: str):
    error = ERROR_CLASSES[category](category, "Say it otherwise.", code="vendors_own")

    assert json.loads(wire.write_failure(error)) == {
        "error": {"message": "Say it otherwise.", "type": kind, "param": None, "code": code}
    }


def test_a_conversation_that_is_too_long_is_told_in_the_words_that_clients_look_for():
    error = LLMServiceError(Category.CONTEXT_TOO_LONG, "Shorten it.")
    own = LLMServiceError(Category.CONTEXT_TOO_LONG, "This model's maximum context length is 8.")

    told, kept = (json.loads(wire.write_failure(x))["error"] for x in (error, own))

    assert told["code"] == kept["code"] == "context_length_exceeded"
    assert told["message"] == "This model's maximum context length is exceeded: Shorten it."
    assert kept["message"] == own.message


@pytest.mark.parametrize("category", list(Category))
def test_every_category_has_words(category: Category):
    error = LLMServiceError(category, "No.", reason="why")

    written: dict[str, Any] = json.loads(wire.write_failure(error))["error"]

    assert written["type"]
    assert written["code"]


def test_an_error_without_a_code_gives_our_own_reason():
    error = LLMServiceError(Category.CONNECTION, "It is gone.", reason="premature_close")

    assert json.loads(wire.write_failure(error))["error"]["code"] == "premature_close"
