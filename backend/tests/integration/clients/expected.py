"""What each client raises for each failure, with the status it tells if it tells one.

A vendor that refuses *our* key is a broken gateway to a client, never a fault of its own key.
"""

from typing import Final

FAILURES: Final = (
    "key refused",
    "rate limit",
    "context too long",
    "no such model there",
    "vendor broken",
    "vendor overloaded",
    "vendor silent",
    "no such model here",
    "overloaded midway",
    "broken midway",
    "cut midway",
    "silent midway",
)
"""The order of the rows below: before the answer, without one, and in mid-stream."""

_OPENAI: Final = (
    "InternalServerError 502",
    "RateLimitError 429",
    "BadRequestError 400",
    "NotFoundError 404",
    "InternalServerError 502",
    "InternalServerError 503",
    "InternalServerError 504",
    "NotFoundError 404",
    "APIError",
    "APIError",
    "APIError",
    "APIError",
)
_ANTHROPIC: Final = (
    "InternalServerError 502",
    "RateLimitError 429",
    "BadRequestError 400",
    "NotFoundError 404",
    "InternalServerError 502",
    "OverloadedError 529",
    "GatewayTimeoutError 504",
    "NotFoundError 404",
)
_GOOGLE: Final = (
    "ServerError 502",
    "ClientError 429",
    "ClientError 400",
    "ClientError 404",
    "ServerError 502",
    "ServerError 503",
    "ServerError 504",
    "ClientError 404",
    "ServerError 503",
    "ServerError 502",
    "ServerError 502",
    "ServerError 504",
)
_VERCEL: Final = (
    "APICallError 502",
    "APICallError 429",
    "APICallError 400",
    "APICallError 404",
    "APICallError 502",
    "APICallError 503",
    "APICallError 504",
    "APICallError 404",
)
_LANGCHAIN: Final = (
    "OpenAIAPIError 502",
    "OpenAIRateLimitError 429",
    "OpenAIContextOverflowError 400",
    "OpenAIModelNotFoundError 404",
    "OpenAIAPIError 502",
    "OpenAIAPIError 503",
    "OpenAIAPIError 504",
    "OpenAIModelNotFoundError 404",
    "APIError",
    "APIError",
    "APIError",
    "APIError",
)
_PYDANTIC: Final = (
    "ModelServerError 502",
    "ModelRateLimitError 429",
    "ModelContextWindowExceededError 400",
    "ModelNotFoundError 404",
    "ModelServerError 502",
    "ModelOverloadedError 503",
    "ModelServerError 504",
    "ModelNotFoundError 404",
    "ModelOverloadedError 503",
    "ModelServerError 500",
    "ModelServerError 500",
)
_LITELLM: Final = (
    "BadGatewayError 502",
    "RateLimitError 429",
    "ContextWindowExceededError 400",
    "NotFoundError 404",
    "BadGatewayError 502",
    "ServiceUnavailableError 503",
    "Timeout 504",
    "NotFoundError 404",
    *["MidStreamFallbackError 500"] * 4,
)


def _row(*errors: str, **others: str) -> dict[str, str]:
    """Give a row by failure; `others` name, with `_` for a space, where it differs."""
    row = dict(zip(FAILURES, errors, strict=False))
    return row | {failure.replace("_", " "): error for failure, error in others.items()}


EXPECTED: Final[dict[tuple[str, str], dict[str, str]]] = {
    ("openai-python", "chat"): _row(*_OPENAI),
    ("openai-python", "responses"): _row(*_OPENAI),
    ("openai-python-2", "chat"): _row(*_OPENAI),
    ("openai-python-2", "responses"): _row(*_OPENAI),
    ("openai-node", "chat"): _row(*_OPENAI),
    ("openai-node", "responses"): _row(*_OPENAI),
    # It has one class for all that goes wrong in mid-stream; the status is the stream's own.
    ("anthropic-python", "messages"): _row(*_ANTHROPIC, *["APIStatusError 200"] * 4),
    ("anthropic-node", "messages"): _row(*_ANTHROPIC, *["APIError"] * 4),
    ("google-genai", "gemini"): _row(*_GOOGLE),
    ("vercel-ai", "chat"): _row(*_VERCEL, *["StreamProviderError"] * 4),
    ("vercel-ai", "responses"): _row(
        *_VERCEL,
        "StreamProviderError 503",
        "StreamProviderError 500",
        "StreamProviderError 500",
        "StreamProviderError 504",
    ),
    ("vercel-ai", "messages"): _row(
        *_VERCEL,
        "StreamProviderError 529",
        "StreamProviderError 500",
        "StreamProviderError 500",
        "StreamProviderError",
        vendor_overloaded="APICallError 529",
    ),
    ("vercel-ai", "gemini"): _row(
        *_VERCEL,
        "StreamProviderError 503",
        "StreamProviderError 502",
        "StreamProviderError 502",
        "StreamProviderError 504",
    ),
    ("langchain", "chat"): _row(*_LANGCHAIN),
    ("langchain", "responses"): _row(*_LANGCHAIN),
    ("pydantic-ai", "chat"): _row(*_PYDANTIC, "ModelAPIError"),
    ("pydantic-ai", "responses"): _row(*_PYDANTIC, "ModelAPIError"),
    ("pydantic-ai", "messages"): _row(
        *_PYDANTIC,
        "ModelServerError 504",
        vendor_overloaded="ModelOverloadedError 529",
        overloaded_midway="ModelOverloadedError 529",
    ),
    ("pydantic-ai", "gemini"): _row(
        *_PYDANTIC,
        "ModelServerError 504",
        broken_midway="ModelServerError 502",
        cut_midway="ModelUnavailableError 502",
    ),
    # It reads the words from Python's way to write a dictionary, where the apostrophe is escaped.
    ("litellm", "chat"): _row(*_LITELLM, context_too_long="BadRequestError 400"),
    # It knows no 529 there, and no 502 at Google's address.
    ("litellm", "messages"): _row(*_LITELLM, vendor_overloaded="InternalServerError 500"),
    ("litellm", "gemini"): _row(
        *_LITELLM,
        key_refused="APIConnectionError 500",
        vendor_broken="APIConnectionError 500",
        overloaded_midway="MidStreamFallbackError 503",
        silent_midway="MidStreamFallbackError 504",
    ),
    # There, a stream's first word is waited for when it is read: all is in mid-stream.
    ("litellm", "gemini stream"): {
        "key refused": "MidStreamFallbackError 500",
        "rate limit": "MidStreamFallbackError 429",
        "vendor broken": "MidStreamFallbackError 500",
        "vendor overloaded": "MidStreamFallbackError 503",
        "vendor silent": "MidStreamFallbackError 504",
    },
    # A program of the command line: it ends with an error, and says what it was.
    ("llm", "chat"): _row(*["CommandError"] * len(FAILURES)),
}
