"""A client's request in the words of Responses: what is understood, kept, and complained of."""

import json
from typing import Any

import pytest

from dragoman.chat import (
    Base64,
    Category,
    Document,
    Failure,
    Image,
    InvalidInput,
    Link,
    LLMBadRequestError,
    LLMRateLimitError,
    Message,
    Opaque,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    UpstreamError,
)
from dragoman.wire import openai_responses as wire


def read(**fields: Any) -> Any:
    return wire.read_request(json.dumps({"model": "m", "input": "Hi"} | fields).encode())


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"model": 7}, "model"),
        ({"input": None}, "input"),
        ({"input": 7}, "input"),
        ({"input": [7]}, "input[0]"),
        ({"input": [{}]}, "input[0].type"),
        ({"input": [{"type": 7}]}, "input[0].type"),
        ({"input": [{"type": "message", "role": "critic", "content": ""}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": 7}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [7]}]}, "input[0].content[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input[0].content[0]"),
        ({"input": [{"type": "function_call", "call_id": "c"}]}, "input[0].name"),
        ({"input": [{"type": "function_call", "name": "f"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call_output", "output": ""}]}, "input[0].call_id"),
        ({"tools": [{}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tool_choice": "perhaps"}, "tool_choice"),
        ({"text": "plain"}, "text"),
        ({"reasoning": "hard"}, "reasoning"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_output_tokens": -1}, "max_output_tokens"),
        ({"metadata": {"k": 7}}, "metadata.k"),
        ({"stream": "yes"}, "stream"),
        ({"instructions": []}, "instructions"),
    ],
)
def test_a_complaint_says_where(fields: dict[str, Any], path: str):
    with pytest.raises(InvalidInput) as complaint:
        read(**fields)

    assert complaint.value.path.startswith(path)


@pytest.mark.parametrize(
    "fields",
    [
        {"input": []},
        {"input": [{"role": "user", "content": None}]},
        {"input": [{"role": "user", "content": []}]},
        {"input": [{"role": "user", "content": ""}]},
        {"input": [{"role": "user"}]},
        {"input": [{"role": "assistant", "content": None}]},
        {"input": [{"role": "assistant", "content": []}]},
        {"input": [{"role": "assistant"}]},
        {"input": [{"id": "msg_1"}]},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": None}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_data": "raw"}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_file"}]}]},
        {"input": [{"type": "function_call_output", "call_id": "c", "output": []}]},
        {"input": [{"type": "mcp_approval_response", "approve": True}]},
        {"input": [{"type": "reasoning", "id": "rs", "content": [{"type": "x"}, 7]}]},
        {"text": None},
        {"text": {}},
        {"text": {"verbosity": "low"}},
        {"text": {"format": {"type": "grammar"}}},
        {"text": {"format": {"type": "json_schema"}}},
        {"reasoning": {}},
        {"reasoning": {"effort": None}},
        {"tools": []},
        {"tools": None},
        {"tool_choice": None, "parallel_tool_calls": True},
        {"tool_choice": {"type": "web_search"}},
        {"tool_choice": {"type": "function", "name": "f", "x": 1}},
        {"metadata": None, "stream": False, "temperature": None},
        {"x_new": {"deep": [1.5, None]}},
    ],
)
def test_what_says_nothing_or_is_new_survives(fields: dict[str, Any]):
    said = {"model": "m", "input": "Hi"} | fields

    written = wire.write_request(read(**fields))

    assert json.loads(written.body) == said
    assert written.receipts == ()


def test_a_prompt_that_the_vendor_keeps_may_be_all_that_is_asked():
    body = {"model": "m", "prompt": {"id": "pmpt_1"}}
    request = wire.read_request(json.dumps(body).encode())

    assert request.messages == ()
    assert json.loads(wire.write_request(request).body) == body


def test_the_items_of_one_turn_are_one_message():
    request = read(
        input=[
            {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
            {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "gA"},
            {"role": "assistant", "content": "Let me look."},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "function_call", "call_id": "c2", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "1"},
            {
                "type": "function_call_output",
                "call_id": "c2",
                "output": [
                    {"type": "input_image", "image_url": "data:image/png;base64,eA=="},
                    {"type": "input_file", "file_url": "https://example.test/a.pdf"},
                ],
            },
            {"type": "shell_call_output", "call_id": "s1"},
        ]
    )

    roles = [message.role for message in request.messages]
    assert roles == ["user", "assistant", "user", "user", "user"]
    assert [type(part) for part in request.messages[1].parts] == [
        Reasoning,
        Text,
        ToolCall,
        ToolCall,
    ]
    assert request.messages[1].parts[0].signature == "gA"
    assert request.messages[2] == Message("user", (ToolResult("c1", (Text("1"),)),))
    assert request.messages[3].parts[0].content == (
        Image(Base64("image/png", "eA==")),
        Document(Link("https://example.test/a.pdf")),
    )
    assert isinstance(request.messages[4].parts[0], Opaque)


# Errors.


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"error": {"message": "No.", "type": "t", "param": "input", "code": "c"}},
            Failure(message="No.", status=400, code="c", type="t", param="input"),
        ),
        ({"error": "No."}, Failure(message="No.", status=400)),
        ({"message": "No.", "code": 7}, Failure(message="No.", status=400, code="7")),
        ({"code": True}, Failure(status=400)),
        (
            [{"error": {"message": "No.", "status": "S"}}],
            Failure(message="No.", status=400, type="S"),
        ),
        (
            {"detail": [{"loc": ["body", "input"], "msg": "missing"}, {"msg": "odd"}]},
            Failure(message="body.input: missing; odd", status=400),
        ),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": "busy"}}},
            Failure(message="Provider returned error: busy", status=400),
        ),
        (7, Failure(status=400)),
    ],
)
def test_an_error_answer_is_understood_in_any_shape(body: Any, expected: Failure):
    assert wire.read_failure(400, {}, json.dumps(body).encode()) == expected


def test_a_page_says_nothing_and_too_deep_a_nest_neither():
    assert wire.read_failure(502, {}, b"<html><body>Bad</body></html>").message == ""
    nest: Any = "deep"
    for _ in range(20):
        nest = {"error": nest}
    assert wire.read_failure(500, {}, json.dumps(nest).encode()).message == ""


def test_the_vendors_id_of_the_request_is_found():
    failure = wire.read_failure(500, {"X-Request-Id": "req_1"}, b"{}")

    assert failure.request_id == "req_1"


def test_an_error_is_told_in_this_formats_words():
    limit = LLMRateLimitError(Category.RATE_LIMIT, "Slow down.")
    wrong = LLMBadRequestError(Category.INVALID_REQUEST, "No.", param="input", code="bad")

    assert json.loads(wire.write_failure(limit))["error"] == {
        "message": "Slow down.",
        "type": "rate_limit_error",
        "param": None,
        "code": "rate_limit_exceeded",
    }
    assert json.loads(wire.write_failure(wrong))["error"]["param"] == "input"
    assert json.loads(wire.write_failure(wrong))["error"]["code"] == "bad"


@pytest.mark.parametrize(
    ("body", "reason", "code"),
    [
        (b"nonsense", "bad_json", None),
        (b'{"id":"resp_1"}', "empty_response", None),
        (b'{"output":[{"type":"function_call"}]}', "bad_payload", None),
        (b'{"output":[],"status":"failed"}', None, None),
        (b'{"output":[],"status":"cancelled"}', None, "cancelled"),
        (b'{"error":{"message":"No.","code":"server_error"}}', None, "server_error"),
    ],
)
def test_what_is_no_reply_is_a_failure(body: bytes, reason: str | None, code: str | None):
    with pytest.raises(UpstreamError) as failed:
        wire.read_reply(body)

    assert (failed.value.failure.reason, failed.value.failure.code) == (reason, code)


def test_arguments_that_a_server_forgot_to_write_as_text_are_text():
    body = {"output": [{"type": "function_call", "id": "fc", "name": "f", "arguments": {"a": 1}}]}

    (call,) = wire.read_reply(json.dumps(body).encode()).parts

    assert isinstance(call, ToolCall)
    assert (call.id, call.arguments) == ("fc", '{"a":1}')
