"""What tokens cost, by a list that others keep (`genai-prices`), and what else it knows of a model.

The list comes with the installation, and is not fetched: a price is as old as that release.
"""

import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from dragoman.chat import Usage
from dragoman.config.facts import ModelEntry

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

# Providers that the list knows by another name.
_NAMES: Final = {"gemini": "google", "xai": "x-ai"}

_ASKING: Final = (sys.executable, "-P", "-m", "dragoman.services.prices")
_LONGEST: Final = 60.0
"""Seconds that looking into the list may take."""


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
    """Give the context windows that the list knows, in tokens, by the ids of the entries.

    It looks in a process of its own, and takes as long as that: here, the list would stay in memory
    for good. Raises `subprocess.SubprocessError` or `OSError` when that cannot be done.
    """
    asked = msgspec.json.encode(list(models))
    told = subprocess.run(  # noqa: S603 - this very file
        _ASKING, input=asked, capture_output=True, check=True, timeout=_LONGEST
    )
    return msgspec.json.decode(told.stdout, type=dict[str, int])


def _look_up(models: Iterable[ModelEntry]) -> dict[str, int]:
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


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=list[ModelEntry])
    sys.stdout.buffer.write(msgspec.json.encode(_look_up(asked)))
