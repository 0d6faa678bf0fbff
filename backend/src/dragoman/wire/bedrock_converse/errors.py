"""Errors: the facts of a vendor's answer, or of an exception in a stream, and what is never sent.

The type of an error stands in a header, and so do streams say it, with a small letter.
"""

from collections.abc import Mapping

from dragoman.chat import Actor, Category, Failure, Json, LLMBadRequestError
from dragoman.wire.stream import decode_leniently


def read_failure(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Read an error answer: the facts, and no judgement. Never raises.

    A body that is no error of this format (a proxy's page) has the message "".
    """
    named = {name.lower(): value for name, value in headers.items()}
    said = decode_leniently(body)
    inner = said if isinstance(said, dict) else {}
    # https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
    word = named.get("x-amzn-errortype") or _text(inner.get("__type")) or _text(inner.get("code"))
    return Failure(
        message=message_in(said),
        status=status,
        code=_plain(word),
        request_id=named.get("x-amzn-requestid"),
    )


def read_exception(word: str, payload: bytes) -> Failure:
    """Read an exception that ends a stream."""
    said = decode_leniently(payload)
    return Failure(message=message_in(said), status=200, code=word[:1].upper() + word[1:] or None)


def message_in(said: Json) -> str:
    """Give the vendor's message, and what the model's own error says beyond it."""
    inner = said if isinstance(said, dict) else {}
    message = _text(inner.get("message")) or _text(inner.get("Message")) or ""
    original = _text(inner.get("originalMessage")) or ""
    return message if original in message else f"{message} ({original})"


def _plain(word: str | None) -> str | None:
    """Take a type out of its namespace: `com.amazon#ThrottlingException:http://…`."""
    return None if word is None else word.partition(":")[0].rpartition("#")[2].strip() or None


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def refusal(at: str, problem: str, category: Category = Category.UNSUPPORTED) -> LLMBadRequestError:
    """Make the error for what cannot be said, and must not be left out."""
    return LLMBadRequestError(category, f"{at}: {problem}", actor=Actor.CALLER)
