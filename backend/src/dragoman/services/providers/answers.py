"""What comes back over HTTP: an answer as events, whole or streamed, or the facts of a failure."""

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NoReturn, Self

from msgspec.structs import replace

from dragoman.chat import Failure, Reply, UpstreamError, Whole
from dragoman.config.facts import ModelEntry
from dragoman.observability.secrets import Secret, mask
from dragoman.services.providers.headers import heard
from dragoman.services.providers.patience import Patience
from dragoman.services.providers.regular import is_regular
from dragoman.services.providers.retry_after import retry_after_of
from dragoman.services.providers.transport import (
    UpstreamResponse,
)
from dragoman.wire.base import ProviderSide, malformed

_BACKSLASH: Final = ord("\\")
_ERROR_TIME: Final = 5.0
"""Seconds to wait for the body of an error, whose status is known already."""
_LONGEST_ERROR: Final = 1 << 20
"""How much of an error's body is read, in bytes."""

_REQUEST_IDS: Final = ("x-request-id", "request-id", "x-amzn-requestid")
# The fields of a failure that repeat what the other side said.
_VENDORS_WORDS: Final = ("message", "code", "type", "param", "request_id")
# Some compatible servers label JSON carelessly; a page in HTML is never an answer.
_JSON: Final = frozenset({"application/json", "text/plain", "application/octet-stream", ""})


def passed_on(wire: ProviderSide, reply: Reply, body: bytes) -> Whole | None:
    """Give a whole answer as what may be passed on as it came, if it is of that kind."""
    # Where the model is not named, there is no place for our name either.
    if reply.model and _is_clean(body) and is_regular(wire.name, reply, body):
        return Whole(wire.name, body)
    return None


def _is_clean(body: bytes) -> bool:
    """Tell whether there is nothing in a JSON text that is no Unicode."""
    # To look for one byte takes a fiftieth of the time that looking for two does.
    if _BACKSLASH in body and (b"\\ud" in body or b"\\uD" in body):  # half of a pair, perhaps
        return False
    if body.isascii():
        return True
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def comes_as_stream(
    response: UpstreamResponse, *, streamed: bool, stream_types: frozenset[str]
) -> bool:
    """Tell whether an answer is a stream, whatever was asked for (`streamed`), or is whole.

    Raises `UpstreamError` where it is neither.
    """
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    # A stream of JSON lines may be labelled as JSON; then what was asked for decides.
    if media in stream_types and (streamed or media not in _JSON):
        return True
    if media in _JSON:
        return False
    expected = " or ".join(sorted({"application/json"} | stream_types))
    raise malformed("bad_content_type", f"the answer is {media}, and not {expected}")


async def fail(wire: ProviderSide, response: UpstreamResponse, patience: Patience) -> NoReturn:
    """Raise `UpstreamError` with the facts of an answer that is no success."""
    headers, status = response.headers, response.status
    if 300 <= status < 400:
        raise UpstreamError(
            Failure(status=status, reason="upstream_redirect", message="the provider redirects")
        )
    body = await _last_words(response, patience)
    try:
        failure = wire.read_failure(status, headers, body)
    except Exception:  # noqa: BLE001 - a careless wire must not turn a limit into a fault of ours
        failure = Failure(status=status)
    wait = retry_after_of(headers, body, now=time.time(), status=status)
    raise UpstreamError(replace(failure, retry_after=wait))


async def _last_words(response: UpstreamResponse, patience: Patience) -> bytes:
    """Read what an error says of itself, as far as it comes: without it, its status says enough."""
    said = bytearray()
    with suppress(TimeoutError, UpstreamError):
        async with asyncio.timeout(_ERROR_TIME):
            with patience:
                async for chunk in response.chunks():
                    said.extend(chunk)
                    if len(said) > _LONGEST_ERROR:
                        break
    return bytes(said)


class Account:
    """Completes each failure that leaves its context, before any of it is told.

    It gets what only the answer's headers say: what a client may hear of them, and, where it came
    without them, the vendor's id of the request and how long to wait. What was sent and must not be
    told (`secrets`) is taken out. `model` is called by the name that clients know, which need not
    be its vendor's.
    """

    def __init__(self, model: ModelEntry | None, secrets: tuple[Secret, ...]) -> None:
        self._model = model
        self.secrets = secrets
        self.headers: Mapping[str, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.complete(error)

    def complete(self, error: BaseException | None) -> None:
        """Complete a failure, if it is one."""
        if isinstance(error, UpstreamError):
            failure = error.failure
            if self.headers is not None:
                failure = _identified(failure, self.headers)
            error.failure = self._under_our_name(_without_keys(failure, self.secrets))

    def _under_our_name(self, failure: Failure) -> Failure:
        model = self._model
        if model is None or model.vendor_id == model.id:
            return failure
        named = re.compile(rf"(?<!\w){re.escape(model.vendor_id)}(?!\w)")
        said = {name: getattr(failure, name) for name in ("message", "param")}
        told = {name: text and named.sub(lambda _: model.id, text) for name, text in said.items()}
        return replace(failure, **told)


def _identified(failure: Failure, headers: Mapping[str, str]) -> Failure:
    named = next((headers[name] for name in _REQUEST_IDS if name in headers), None)
    wait = failure.retry_after
    if wait is None:
        wait = retry_after_of(headers, b"", now=time.time(), status=200)
    request_id = named if failure.request_id is None else failure.request_id
    return replace(failure, headers=heard(headers), request_id=request_id, retry_after=wait)


def _without_keys(failure: Failure, secrets: tuple[Secret, ...]) -> Failure:
    said = {name: getattr(failure, name) for name in _VENDORS_WORDS}
    masked = {name: text and mask(text, secrets) for name, text in said.items()}
    told = tuple((name, mask(value, secrets)) for name, value in failure.headers)
    return replace(failure, **masked, headers=told)
