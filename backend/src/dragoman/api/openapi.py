"""Describing the routes that FastAPI does not see, so that `/openapi.json` tells of all of them."""

from typing import Final

import msgspec
from fastapi import FastAPI

from dragoman.api.answer import (
    Answer,
    AnswerInConversation,
    Complete,
    CompleteInConversation,
    Start,
)
from dragoman.api.conversation import (
    ConversationPage,
    ConversationView,
    ConversationWishes,
    ConversationWithMessages,
)
from dragoman.api.explanation import Enquiry, Explanation
from dragoman.api.question import Question
from dragoman.chat import JsonObject

_REF: Final = "#/components/schemas/{name}"

_ERROR: Final[JsonObject] = {
    "type": "object",
    "title": "Error",
    "required": ["status", "error", "code", "reason", "request_id", "timestamp"],
    "properties": {
        "status": {"const": "error"},
        "error": {"type": "string", "description": "A sentence for the person who can act."},
        "code": {
            "enum": [
                "AUTH_ERROR",
                "RATE_LIMIT",
                "LLM_ERROR",
                "TIMEOUT",
                "CONNECTION_ERROR",
                "INVALID_REQUEST",
                "STORAGE_ERROR",
                "UNKNOWN",
            ]
        },
        "reason": {"type": "string", "description": "The fine word; see docs/errors.md."},
        "request_id": {"type": "string"},
        "timestamp": {"type": "string", "format": "date-time"},
        "detail": {"type": "object"},
    },
}

_STREAM: Final = (
    '`data:` lines: any number of `{"type":"token","content":…}`, then exactly one '
    "`Complete`, or one `event: error` with an `Error` in its data. In a conversation, a `Start` "
    'comes first, `{"type":"reasoning","content":…}` may come between, and the end is a '
    "`CompleteInConversation`, or an `Error` with `messageId` and `kept`, the number of characters "
    "of the reply that are stored."
)

_DESCRIBED: Final = (
    Question,
    Answer,
    AnswerInConversation,
    Start,
    Complete,
    CompleteInConversation,
    ConversationWishes,
    ConversationView,
    ConversationWithMessages,
    ConversationPage,
    Enquiry,
    Explanation,
)


def takes(kind: type) -> JsonObject:
    """Describe the body of a route that reads it by itself."""
    return {"requestBody": {"required": True, "content": _json(kind.__name__)}}


def answers(kind: type, *, status: int = 200) -> dict[int | str, JsonObject]:
    """Describe the answers of a route that writes them by itself."""
    error = {"description": "An error", "content": _json("Error")}
    good = {"description": "Done", "content": _json(kind.__name__)}
    return {status: good, 422: error, "default": error}


def describe(app: FastAPI) -> None:
    """Add the streaming routes to the schema of `app`."""
    generate = app.openapi

    def openapi() -> JsonObject:
        if app.openapi_schema is None:
            schema = generate()
            _, components = msgspec.json.schema_components(_DESCRIBED, ref_template=_REF)
            schema.setdefault("components", {}).setdefault("schemas", {}).update(
                {**components, "Error": _ERROR}
            )
            schema["paths"]["/api/v1/messages"] = {"post": _messages()}
        return app.openapi_schema or schema

    # FastAPI documents this very assignment as the way to extend the schema.
    app.openapi = openapi  # type: ignore[method-assign]


def _messages() -> JsonObject:
    return {
        "tags": ["messages"],
        "summary": "Ask a model",
        "operationId": "ask",
        "description": "Answers whole, or as it comes with `Accept: text/event-stream`.",
        "requestBody": {"required": True, "content": _json("Question")},
        "responses": {
            "200": {
                "description": "The reply",
                "content": {
                    **_json("Answer", "AnswerInConversation"),
                    "text/event-stream": {"schema": {"type": "string", "description": _STREAM}},
                },
            },
            **{
                status: {"description": description, "content": _json("Error")}
                for status, description in _FAILURES.items()
            },
        },
    }


_FAILURES: Final = {
    "400": "The body is not JSON, the model is unknown, or the provider will not do this",
    "404": "There is no such conversation or message",
    "406": "Neither JSON nor an event stream is accepted",
    "409": "Another reply is being written in the conversation",
    "413": "The body is too long",
    "415": "The body is not declared as JSON",
    "422": "A field is missing or wrong; `detail.field` names it",
    "503": "The provider refused, limited or failed; `code`, `reason` and Retry-After tell more",
    "504": "The provider did not answer in time",
    "507": "The disk is full, so that nothing was stored and nobody was asked",
}


def _json(*names: str) -> JsonObject:
    kinds = [{"$ref": _REF.format(name=name)} for name in names]
    return {"application/json": {"schema": kinds[0] if len(kinds) == 1 else {"anyOf": kinds}}}
