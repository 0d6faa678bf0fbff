"""What tokens cost, by a list of prices that others keep (`genai-prices`); unknown is unknown.

The list comes with the installation, and is not fetched: a price is as old as that release.
"""

from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from dragoman.chat import Usage
from dragoman.config.facts import ModelEntry


class Cost(Struct, frozen=True):
    """A sum in US dollars, and the list it was found in (`genai-prices 0.2.3`)."""

    usd: Decimal
    source: str


def cost_of(model: ModelEntry, usage: Usage, *, now: datetime | None = None) -> Cost | None:
    """Give what `usage` of `model` costs at `now`; `None` where the list has no price for it.

    Our counts hold cached tokens in the input and thoughts in the output, as the list wants them.
    A provider that the list does not know has no price, even for a model of a known name.
    """
    # It takes a tenth of a second to import, and few requests ask for it.
    import genai_prices  # noqa: PLC0415

    if usage.input is None and usage.output is None:
        return None
    counts = genai_prices.Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
    )
    try:
        price = genai_prices.calc_price(
            counts,
            model.vendor_id,
            provider_id=_NAMES.get(model.provider, model.provider),
            genai_request_timestamp=now or datetime.now(UTC),
        )
    except (LookupError, ValueError):
        return None
    return Cost(price.total_price, f"genai-prices {genai_prices.__version__}")


# Providers that the list knows by another name.
_NAMES = {"gemini": "google", "xai": "x-ai"}
