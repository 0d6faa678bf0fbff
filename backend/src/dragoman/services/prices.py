"""What tokens cost, by a list that others keep (`genai-prices`), and what else it knows of a model.

The list comes with the installation, and is not fetched: a price is as old as that release.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dragoman.chat import Usage
from dragoman.config.facts import ModelEntry

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

# Providers that the list knows by another name.
_NAMES: Final = {"gemini": "google", "xai": "x-ai"}


class Cost(Struct, frozen=True):
    """A sum in US dollars, and the list it was found in (`genai-prices 0.2.3`)."""

    usd: Decimal
    source: str


def cost_of(model: ModelEntry, usage: Usage, *, now: datetime | None = None) -> Cost | None:
    """Give what `usage` of `model` costs at `now`; `None` where the list has no price for it.

    Our counts hold cached tokens in the input and thoughts in the output, as the list wants them.
    A provider that the list does not know has no price, even for a model of a known name.
    """
    if usage.input is None and usage.output is None:
        return None
    found = _found(model, usage, now)
    return None if found is None else Cost(found.total_price, _source())


def context_windows_of(models: Iterable[ModelEntry]) -> dict[str, int]:
    """Give the context windows that the list knows, in tokens, by the ids of the entries."""
    found = {model.id: _found(model, Usage(1, 1), None) for model in models}
    return {
        name: it.model.context_window
        for name, it in found.items()
        if it is not None and it.model.context_window
    }


def _found(model: ModelEntry, usage: Usage, now: datetime | None) -> "PriceCalculation | None":
    # It takes a fifth of a second and 20 MB to import, and few requests ask for it.
    import genai_prices  # noqa: PLC0415

    counts = genai_prices.Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
    )
    try:
        return genai_prices.calc_price(
            counts,
            model.vendor_id,
            provider_id=_NAMES.get(model.provider, model.provider),
            genai_request_timestamp=now or datetime.now(UTC),
        )
    except (LookupError, ValueError):
        return None


def _source() -> str:
    import genai_prices  # noqa: PLC0415

    return f"genai-prices {genai_prices.__version__}"
