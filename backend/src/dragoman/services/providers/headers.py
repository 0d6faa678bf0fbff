"""Which headers pass: of a client's to a provider, and of a provider's answer to a client."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Final

from dragoman.chat import Extras, Receipt
from dragoman.observability.secrets import Secret, mask

_HEARD: Final = frozenset(
    {
        # https://platform.openai.com/docs/api-reference/debugging-requests
        "x-request-id",
        "openai-processing-ms",
        "openai-version",
        # https://platform.claude.com/docs/en/api/errors#request-id
        "request-id",
        # https://docs.aws.amazon.com/general/latest/gr/aws-api-error-handling.html
        "x-amzn-requestid",
        # https://learn.microsoft.com/azure/ai-foundry/openai/how-to/monitor-openai
        "apim-request-id",
        # How long to wait, and whether: RFC 9110, section 10.2.3, and the vendors' SDKs.
        "retry-after",
        "retry-after-ms",
        "x-ms-retry-after-ms",
        "x-should-retry",
    }
)
_HEARD_FAMILIES: Final = (
    # https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
    "x-ratelimit-",
    # https://platform.claude.com/docs/en/api/rate-limits#response-headers
    "anthropic-ratelimit-",
)
_LONGEST: Final = 1024
"""The longest value passed on, in characters: all of these are short."""
_MOST: Final = 64
"""How many headers are passed on: many clients take a hundred in all."""

# They say who asks, over which connection, and in what form: all of it is ours to say.
_OURS: Final = frozenset(
    {"accept", "accept-encoding", "api-key", "authorization", "connection", "content-encoding"}
    | {"content-length", "content-type", "cookie", "expect", "host", "keep-alive"}
    | {"proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "x-api-key", "x-goog-api-key"}
)
# Which version of its own format a client speaks is nothing to whoever reads another format.
_OF_THE_FORMAT: Final = "-version"


def heard(
    headers: Mapping[str, str], secrets: Iterable[Secret] = ()
) -> tuple[tuple[str, str], ...]:
    """Give those of a provider's headers that a client may hear; names are in lower case.

    Its account is not among them, nor what belongs to the connection, cookies or caches; and a
    provider that repeats one of our `secrets` in one is not quoted.
    """
    told = [(name, headers[name]) for name in _heard_of(tuple(headers))]
    said = "\n".join([value for _, value in told])
    if len(said) > _LONGEST:
        told = [(name, value) for name, value in told if len(value) <= _LONGEST]
    if mask(said, secrets) != said:
        told = [(name, mask(value, secrets)) for name, value in told]
    return tuple(told[:_MOST])


@lru_cache(maxsize=64)
def _heard_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Choose among the names of an answer's headers: a vendor sends the same ones each time."""
    return tuple([n for n in names if n in _HEARD or n.startswith(_HEARD_FAMILIES)])


def brought(
    headers: Extras | None, wire: str, *, without: Collection[str]
) -> tuple[dict[str, str], tuple[Receipt, ...]]:
    """Give the client's headers that go on in `wire`, and receipts for those that cannot.

    `without` are names that the operator or the key has taken. A header that says who asks, or
    belongs to the connection, never goes on.
    """
    if headers is None:
        return {}, ()
    said = {name.lower(): str(value) for name, value in headers.fields.items()}
    if headers.wire == wire:
        taken = _OURS.union(without)
        return {name: value for name, value in said.items() if name not in taken}, ()
    return {}, tuple(
        Receipt(f"headers.{name}", "dropped", f"only {headers.wire} knows it")
        for name in said
        if not name.endswith(_OF_THE_FORMAT)
    )
