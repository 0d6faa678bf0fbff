"""What `/api/v1/explain` is asked, and what it answers."""

from decimal import Decimal

from msgspec import Struct

from dragoman.chat import Json, Receipt


class Enquiry(Struct, frozen=True):
    """A request as a program would send it. `model` and `stream` are for dialects in which they
    stand in the address; `headers` are those that its program would send.
    """

    dialect: str
    request: dict[str, Json]
    headers: dict[str, str] = {}
    model: str | None = None
    stream: bool | None = None


class SentRequest(Struct, frozen=True):
    """A request to a provider, without its key."""

    method: str
    url: str
    headers: dict[str, str]
    body: Json


class EstimatedCost(Struct, frozen=True, rename="camel"):
    """What it costs in US dollars: the question, and an answer as long as it may be at most."""

    input_usd: Decimal
    most_usd: Decimal | None
    source: str


class Explanation(Struct, frozen=True, rename="camel"):
    """What would happen. `inputTokens` is estimated, `contextWindow` what the model takes of it and
    the answer together; what is unknown is null.
    """

    model: str
    provider: str
    request: SentRequest
    receipts: tuple[Receipt, ...]
    input_tokens: int
    max_output_tokens: int | None
    context_window: int | None
    cost: EstimatedCost | None
