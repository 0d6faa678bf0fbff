"""What an error row is: facts of a failure on the left, the judgement on the right."""

from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import Actor, Category

STEPS: Final = ("reason", "code", "type", "status", "exception")
"""The facts that can decide, in their order: our own finding first, then the vendor's words."""


Fact: TypeAlias = Literal["reason", "code", "type", "status", "exception"]


class Verdict(Struct, frozen=True, kw_only=True):
    """What a failure comes to; `word` is the fine word for logs and clients."""

    category: Category
    retryable: bool
    actor: Actor
    word: str


def _verdict(category: Category, word: str, actor: Actor, *, retryable: bool = False) -> Verdict:
    return Verdict(category=category, retryable=retryable, actor=actor, word=word)


DEFAULTS: Final[dict[Category, Verdict]] = {
    verdict.category: verdict
    for verdict in (
        _verdict(Category.AUTHENTICATION, "upstream_auth", Actor.OPERATOR),
        _verdict(Category.PERMISSION, "upstream_forbidden", Actor.OPERATOR),
        _verdict(Category.QUOTA_EXHAUSTED, "quota_exhausted", Actor.OPERATOR),
        _verdict(Category.RATE_LIMIT, "rate_limited", Actor.WAIT, retryable=True),
        _verdict(Category.OVERLOADED, "upstream_overloaded", Actor.WAIT, retryable=True),
        _verdict(Category.TIMEOUT, "upstream_timeout", Actor.WAIT, retryable=True),
        _verdict(Category.CONNECTION, "connect_error", Actor.WAIT, retryable=True),
        _verdict(Category.INVALID_REQUEST, "upstream_bad_request", Actor.CALLER),
        _verdict(Category.CONTEXT_TOO_LONG, "context_length", Actor.CALLER),
        _verdict(Category.CONTENT_FILTERED, "content_filtered", Actor.CALLER),
        _verdict(Category.MODEL_NOT_FOUND, "upstream_not_found", Actor.OPERATOR),
        _verdict(Category.UNSUPPORTED, "upstream_unsupported", Actor.CALLER),
        _verdict(Category.BAD_RESPONSE, "upstream_bad_response", Actor.PROVIDER),
        _verdict(Category.STREAM_INTERRUPTED, "stream_interrupted", Actor.WAIT, retryable=True),
        _verdict(Category.CANCELLED, "cancelled", Actor.CALLER),
        _verdict(Category.INTERNAL, "internal", Actor.OPERATOR),
    )
}
"""What a category means where a row says no more."""


class ErrorRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which facts lead to which judgement: a row fits when every fact that it names does.

    `code`, `type` and `param` are the vendor's words, `status` is HTTP's (200 for an error inside a
    stream), `reason` is our own. `exception` is a class's name with its package
    (`openai.APIError`) or without; ancestors count. `message_has` is a piece of the vendor's prose,
    in any case: only beside another fact, where the vendor gives nothing better, and with the
    `source` of that knowledge. What a row leaves out of the judgement comes from its category
    (`DEFAULTS`); the word for a reason is that reason.
    """

    code: str | int | None = None
    type: str | None = None
    status: int | None = None
    exception: str | None = None
    reason: str | None = None
    param: str | None = None
    message_has: str | None = None
    category: Category
    retryable: bool | None = None
    actor: Actor | None = None
    word: str | None = None
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse a row that nothing decides, and prose without a source."""
        if all(getattr(self, fact) is None for fact in STEPS):
            raise ValueError(f"an error row must name one of: {', '.join(STEPS)}")
        if self.message_has is not None and not self.source:
            raise ValueError(f"say in 'source' where {self.message_has!r} was seen")

    @property
    def step(self) -> int:
        """The place in `STEPS` of the strongest fact that the row names."""
        return next(place for place, fact in enumerate(STEPS) if getattr(self, fact) is not None)

    @property
    def precision(self) -> int:
        """How many facts the row names."""
        facts = (*STEPS, "param", "message_has")
        return sum(getattr(self, fact) is not None for fact in facts)

    @property
    def verdict(self) -> Verdict:
        """The judgement, with what the row leaves out filled in."""
        default = DEFAULTS[self.category]
        return replace(
            default,
            retryable=default.retryable if self.retryable is None else self.retryable,
            actor=self.actor or default.actor,
            word=self.word or self.reason or default.word,
        )


def rows(
    fact: Fact,
    *values: str | int,
    category: Category,
    retryable: bool | None = None,
    actor: Actor | None = None,
    word: str | None = None,
    source: str = "",
) -> tuple[ErrorRow, ...]:
    """Make one row for each of the `values` of a fact, all with the same judgement."""
    row = ErrorRow(
        reason="", category=category, retryable=retryable, actor=actor, word=word, source=source
    )
    return tuple(replace(row, **{"reason": None, fact: value}) for value in values)


def words(
    *values: str,
    category: Category,
    retryable: bool | None = None,
    actor: Actor | None = None,
    word: str | None = None,
    source: str = "",
) -> tuple[ErrorRow, ...]:
    """Make rows for words that mean the same in an error's `code` and in its `type`."""
    facts: tuple[Fact, ...] = ("code", "type")
    return tuple(
        row
        for fact in facts
        for row in rows(
            fact,
            *values,
            category=category,
            retryable=retryable,
            actor=actor,
            word=word,
            source=source,
        )
    )
