"""Failures as providers answer with them, and what each has to come to; see `test_errors.py`."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from dragoman.chat import Category as C

HTML: Final = "<html><head><title>Bad Gateway</title></head><body><h1>nginx</h1></body></html>"
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Expected(NamedTuple):
    """A judgement, what `/api/v1` answers for it, and the facts that have to survive."""

    category: C
    status: int
    reason: str
    retryable: bool
    retry_after: float | None
    code: str | None
    request_id: str | None


class Case(NamedTuple):
    """One failure: who answers what; `in_band` is an error inside a stream that began well."""

    provider: str
    name: str
    status: int
    headers: Mapping[str, str]
    content: bytes
    in_band: bool
    expected: Expected

    @property
    def id(self) -> str:
        return f"{self.provider}: {self.name}"

    @property
    def dialect(self) -> str:
        return "anthropic" if self.provider == "anthropic" else "openai"


def at(
    provider: str,
    name: str,
    status: int,
    body: object,
    category: C,
    reason: str,
    *,
    code: str | None = None,
    retryable: bool = False,
    retry_after: float | None = None,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Case:
    """Describe a failure; a `status` of 200 makes it one inside a stream."""
    in_band = status == 200
    messages = provider == "anthropic"
    text = body if isinstance(body, str) else json.dumps(body)
    if in_band:
        text = f"{BEGINNINGS[messages]}{'event: error\n' if messages else ''}data: {text}\n\n"
    return Case(
        provider,
        name,
        status,
        {("request-id" if messages else "x-request-id"): "req_1", **headers},
        text.encode(),
        in_band,
        Expected(
            category,
            STATUSES[category],
            reason,
            retryable,
            retry_after,
            code,
            # The SDK's mid-stream error of this format knows of no answer, and so of no id.
            None if in_band and not messages else "req_1",
        ),
    )
