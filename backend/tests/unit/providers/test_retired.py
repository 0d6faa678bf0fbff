"""The table of retired models: what each row says, and who is found in it."""

import itertools
from datetime import date

import pytest

from dragoman.services.providers import registry
from dragoman.services.providers.base import HasDefaults
from dragoman.services.providers.retired import retirement_of, retirements

ROWS = retirements()
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.provider} {row.models[0]}")


@every_row
def test_each_row_says_of_whom_when_what_instead_and_from_where(row):
    assert row.provider in registry
    assert row.models
    assert date(2025, 1, 1) < row.on < date(2028, 1, 1)
    assert row.instead
    assert date(2026, 1, 1) < row.as_of <= date.today()  # noqa: DTZ011 - a day, anywhere
    assert row.source.startswith("https://")


@every_row
def test_what_a_vendor_recommends_is_not_retired_itself(row):
    assert retirement_of(row.provider, row.instead) is None


def test_no_model_stands_in_two_rows():
    named = list(itertools.chain(*([(row.provider, it) for it in row.models] for row in ROWS)))
    assert len(set(named)) == len(named)


def test_a_retired_model_is_found_by_its_vendors_id():
    found = retirement_of("anthropic", "claude-3-7-sonnet-20250219")
    assert found is not None
    assert found.on == date(2026, 2, 19)
    assert retirement_of("openrouter", "claude-3-7-sonnet-20250219") is None
    assert retirement_of("openai", "gpt-5.6") is None


def test_no_model_that_we_offer_by_ourselves_is_retired():
    for provider in registry.get_all():
        if isinstance(provider, HasDefaults):
            for model in provider.default_models:
                assert retirement_of(provider.provider_id, model.vendor_id) is None
