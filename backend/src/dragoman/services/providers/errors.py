"""The one place where an error gets its meaning: the first row that fits, by the strongest fact.

    exception ─▶ failure_of ─▶ Failure (facts) ─▶ rows ─▶ Verdict ─▶ LLMServiceError

Facts decide in this order: what we found ourselves, the vendor's code, its type, the HTTP status
(a 200 says no more than that it came inside a stream), the exception's class. At each step the
provider's own rows come before the common ones, and a row that names more facts before one that
names fewer. Prose decides nothing, except in rows that say where it was seen.
"""

import re
import time
from collections.abc import Callable
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from dragoman.chat import ERROR_CLASSES, Category, Failure, LLMServiceError
from dragoman.services.providers.error_messages import message_for, word_of
from dragoman.services.providers.error_rows import DEFAULTS, STEPS, ErrorRow, Verdict
from dragoman.services.providers.error_words import COMMON, IN_BAND, OTHERS
from dragoman.services.providers.failures import failure_of, leaf_of

__all__ = ["ErrorRow", "failure_of", "map_provider_error"]

_UNKNOWN: Final = DEFAULTS[Category.BAD_RESPONSE]
_BUG: Final = DEFAULTS[Category.INTERNAL]
_INSIDE: Final = 200
"""The status of an error inside a stream: a provider's own rows may name it, and no others."""

_STATUS_CODE: Final = re.compile(r"[45]\d\d")
_precision: Final = attrgetter("precision")


def map_provider_error(
    error: BaseException,
    *,
    rows: tuple[ErrorRow, ...] = (),
    provider: str | None = None,
    model: str | None = None,
    now: Callable[[], float] = time.time,
) -> LLMServiceError:
    """Judge an exception: the transport's, an SDK's, Python's or our own; never raises.

    `rows` are the provider's own; `provider` and `model` are our ids. An `LLMServiceError` comes
    back as it is, with the ids that it lacks. Raise what you get `from error`.
    """
    error = leaf_of(error)
    if isinstance(error, LLMServiceError):
        error.provider = error.provider or provider
        error.model = error.model or model
        return error
    failure = failure_of(error, now=now)
    verdict = _judge(failure, rows)
    return ERROR_CLASSES[verdict.category](
        verdict.category,
        message_for(failure, verdict, provider=provider, model=model),
        provider=provider,
        model=model,
        code=word_of(_vendor_word(failure)),
        reason=verdict.word,
        request_id=word_of(failure.request_id),
        retryable=verdict.retryable,
        retry_after=failure.retry_after,
        actor=verdict.actor,
        status=_status(failure),
        param=word_of(failure.param),
        headers=failure.headers,
    )


def _vendor_word(failure: Failure) -> str | None:
    """Give the vendor's most telling word; a code that only repeats a status tells less."""
    if failure.type is not None and _STATUS_CODE.fullmatch(failure.code or ""):
        return failure.type
    return failure.code or failure.type


def _judge(failure: Failure, own: tuple[ErrorRow, ...]) -> Verdict:
    status = _status(failure)
    tables = (own, COMMON if status is not None else COMMON + IN_BAND)
    for step, fact in enumerate(STEPS):
        for table in tables:
            fitting = [row for row in table if row.step == step and _fits(row, failure, status)]
            if fitting:
                return max(fitting, key=_precision).verdict
        if fact == "status" and status is not None:
            return OTHERS[status // 100]
    unknown = _BUG if failure.exception else _UNKNOWN
    return replace(unknown, word=failure.reason) if failure.reason else unknown


def _fits(row: ErrorRow, failure: Failure, status: int | None) -> bool:
    facts = (
        (row.reason, failure.reason),
        (row.code if row.code is None else str(row.code), failure.code),
        (row.type, failure.type),
        (row.status, _INSIDE if status is None and failure.status == _INSIDE else status),
        (row.param, failure.param),
    )
    return (
        all(wanted is None or wanted == found for wanted, found in facts)
        and (row.exception is None or _is_a(row.exception, failure.exception))
        and (row.message_has is None or row.message_has.lower() in failure.message.lower())
    )


def _is_a(name: str, classes: tuple[str, ...]) -> bool:
    return any(name in (known, known.rpartition(".")[2]) for known in classes)


def _status(failure: Failure) -> int | None:
    """Give the status that counts: a code that is one, else HTTP's unless it says success."""
    if failure.code is not None and _STATUS_CODE.fullmatch(failure.code):
        return int(failure.code)
    return failure.status if failure.status is not None and 300 <= failure.status < 600 else None
