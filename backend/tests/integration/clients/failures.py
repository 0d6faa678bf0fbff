"""How a vendor fails, in each wire's words."""

from typing import Any, Final

from .turns import Json, Refusal, Silence, Step, Turn


def _openai(message: str, kind: str, code: str | None) -> Json:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _anthropic(message: str, kind: str) -> Json:
    error = {"type": kind, "message": message}
    return {"type": "error", "error": error, "request_id": "req_vendor"}


def _google(message: str, code: int, status: str) -> Json:
    return {"error": {"code": code, "message": message, "status": status}}


def _bodies(openai: Json, anthropic: Json, google: Json) -> dict[str, Json]:
    return {
        "openai_chat": openai,
        "openai_responses": openai,
        "anthropic_messages": anthropic,
        "gemini": google,
    }


def _events(bodies: dict[str, Json]) -> dict[str, Json]:
    """The same as events of a stream; in responses they are flat."""
    event = {"type": "error", "sequence_number": 9}
    code = bodies["openai_responses"]["error"]["code"] or "server_error"
    told = {"code": code, "message": "We had an error", "param": None}
    return bodies | {"openai_responses": event | told}


_OVERLOADED: Final = _bodies(
    _openai("Busy", "server_error", "server_is_overloaded"),
    _anthropic("Overloaded", "overloaded_error"),
    _google("Busy", 503, "UNAVAILABLE"),
)
_BROKEN: Final = _bodies(
    _openai("We had an error", "server_error", None),
    _anthropic("Internal server error", "api_error"),
    _google("An internal error has occurred", 500, "INTERNAL"),
)

REFUSED_KEY: Final = "key refused"
BROKEN: Final = "vendor broken"

BEFORE: Final[dict[str, Step]] = {
    REFUSED_KEY: Refusal(
        401,
        _bodies(
            _openai("Incorrect API key provided", "invalid_request_error", "invalid_api_key"),
            _anthropic("invalid x-api-key", "authentication_error"),
            _google("Request had invalid credentials", 401, "UNAUTHENTICATED"),
        ),
    ),
    "rate limit": Refusal(
        429,
        _bodies(
            _openai("Rate limit reached", "requests", "rate_limit_exceeded"),
            _anthropic("This would exceed your rate limit", "rate_limit_error"),
            _google("Resource has been exhausted", 429, "RESOURCE_EXHAUSTED"),
        ),
        {"retry-after": "200"},  # longer than any client waits by itself
    ),
    "context too long": Refusal(
        400,
        _bodies(
            _openai(
                "This model's maximum context length is 8192 tokens",
                "invalid_request_error",
                "context_length_exceeded",
            ),
            _anthropic("prompt is too long: 9 tokens > 8 maximum", "invalid_request_error"),
            _google(
                "The input token count (9) exceeds the maximum number of tokens allowed (8).",
                400,
                "INVALID_ARGUMENT",
            ),
        ),
    ),
    "no such model there": Refusal(
        404,
        _bodies(
            _openai("The model does not exist", "invalid_request_error", "model_not_found"),
            _anthropic("model: vendor-claude", "not_found_error"),
            _google("models/vendor-gemini is not found", 404, "NOT_FOUND"),
        ),
    ),
    BROKEN: Refusal(500, _BROKEN),
    "vendor overloaded": Refusal(529, _OVERLOADED),
    "vendor silent": Silence(),
}
"""What happens instead of an answer."""

_SAID: Final[dict[str, Any]] = {"words": ("Good", " day"), "pause": 0.02}

MIDWAY: Final[dict[str, Turn]] = {
    "overloaded midway": Turn(**_SAID, breaks=_events(_OVERLOADED)),
    "broken midway": Turn(**_SAID, breaks=_events(_BROKEN)),
    "cut midway": Turn(**_SAID, end="cut"),
    "silent midway": Turn(**_SAID, end="hang"),
}
"""What happens after the first words."""
