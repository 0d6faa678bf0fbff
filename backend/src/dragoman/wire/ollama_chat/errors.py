"""Errors: one sentence and its HTTP status, https://docs.ollama.com/api/errors."""

from collections.abc import Mapping

from dragoman.chat import Actor, Category, Failure, Json, JsonObject, LLMBadRequestError
from dragoman.wire.stream import decode_leniently


def read_failure(status: int, headers: Mapping[str, str], body: bytes) -> Failure:  # noqa: ARG001 - they say nothing here
    """Read an error answer: the facts, and no judgement. Never raises.

    A body that is no error of this format (a proxy's page) has the message "".
    """
    said = decode_leniently(body)
    return failure_of(said if isinstance(said, dict) else {}, status)


def failure_of(said: JsonObject, status: int) -> Failure:
    """Gather the facts of an object with an `error`, which may be a line of a stream.

    An error of the engine stands in it as an object of its own, or as the text of one
    (https://github.com/ollama/ollama/issues/16800).
    """
    inner = _inner(said.get("error"))
    return Failure(
        message=_word(inner.get("message")) or "",
        status=status,
        code=_word(inner.get("code")),
        type=_word(inner.get("type")),
    )


def _inner(error: Json) -> JsonObject:
    match error:
        case str() if error.startswith("{"):
            engines = decode_leniently(error.encode())
            told = engines.get("error") if isinstance(engines, dict) else None
            return told if isinstance(told, dict) else {"message": error}
        case str():
            return {"message": error}
        case dict():
            return error
        case _:
            return {}


def _word(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def refusal(at: str, problem: str, category: Category = Category.UNSUPPORTED) -> LLMBadRequestError:
    """Make the error for what cannot be said, and must not be left out."""
    return LLMBadRequestError(category, f"{at}: {problem}", actor=Actor.CALLER, param=at)
