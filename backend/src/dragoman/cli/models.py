"""`dragoman models`: the models that are configured, or those that vendors offer."""

import asyncio
import json
from collections.abc import Iterator
from typing import Final

import click
from msgspec.structs import replace

from dragoman.composition import compose
from dragoman.config import Configuration, ModelEntry, models_variable
from dragoman.config.entries import LONGEST_NAME, read_model_id
from dragoman.config.errors import Mistake
from dragoman.services.providers import (
    BaseProvider,
    ProviderRegistry,
    ProviderStatus,
    State,
    status_of,
)
from dragoman.services.providers.base import HasDefaults

from .configuration import Loader
from .discovery import Offer, ask_all, is_offered, runtime_of
from .endings import FAILED, leave
from .table import table

FEW: Final = 12
"""So many models of a vendor go into the suggested list without further thought."""
SAMPLE: Final = 3
"""So many do if it has more, and nothing is known of them."""

_HEADINGS: Final = ("", "ID", "NAME", "PROVIDER", "STATE")


def list_configured(load: Loader, *, as_json: bool) -> None:
    """Write the models with the state of their providers. Raises `ConfigurationError`."""
    configuration = load()
    composition = compose(configuration, registry=load.registry)
    entries = composition.models.listed
    states = asyncio.run(_states(configuration, composition.registry, entries))
    if as_json:
        _write_json({"models": [_fields(entry, states[entry.provider]) for entry in entries]})
        return
    rows = [
        ("*" if entry.default else "", entry.id, entry.name, entry.provider, states[entry.provider])
        for entry in entries
    ]
    click.echo(table([_HEADINGS, *rows]))


async def _states(
    configuration: Configuration, registry: ProviderRegistry, entries: tuple[ModelEntry, ...]
) -> dict[str, str]:
    async with runtime_of(configuration) as runtime:
        statuses = {
            name: status_of(registry.get(name), runtime)
            for name in {entry.provider for entry in entries}
        }
    return {name: state_in_words(status) for name, status in statuses.items()}


STATES: Final[dict[str, str]] = {
    State.READY: "ready",
    State.NO_KEY: "no key",
    State.LOADING: "starts when needed",
    State.FAILED: "not available",
    State.REFUSED: "key refused",
    State.UNREACHABLE: "out of reach",
    State.LIMITED: "limited",
}
"""How the state of a provider is told at a terminal."""


def state_in_words(status: ProviderStatus) -> str:
    """Say how a provider is, in a few words."""
    return STATES[status.state] + (f": {status.reason}" if status.reason else "")


def list_offered(load: Loader, *, as_json: bool) -> None:
    """Write what each vendor offers, and a list of models made of it, ready to be pasted."""
    configuration = load()
    offers = asyncio.run(ask_all(configuration, load))
    providers = load.providers(configuration)
    if as_json:
        _write_json({"providers": [_offer(offer) for offer in offers]})
    else:
        for offer in offers:
            _write_offer(offer)
        _write_suggestion(suggested(offers, providers))
    if any(offer.problem is not None for offer in offers):
        leave(FAILED)


def _write_offer(offer: Offer) -> None:
    click.echo(f"{offer.name} ({offer.provider})")
    lines = offer.models or (offer.problem or offer.remark or "it lists no models",)
    for line in lines:
        click.echo(f"  {line}")
    click.echo()


def _write_suggestion(entries: tuple[ModelEntry, ...]) -> None:
    if not entries:
        click.echo(
            "No vendor offers a model. `dragoman check` tells which keys are missing.", err=True
        )
        return
    click.echo("# For .env; take out what you do not want, and add what you miss.")
    click.echo(models_variable(entries))


def suggested(offers: tuple[Offer, ...], providers: ProviderRegistry) -> tuple[ModelEntry, ...]:
    """Make a list of models out of offers: all of a short one, the well-known of a long one."""
    entries: dict[str, ModelEntry] = {}
    for offer in offers:
        for entry in _picked(offer, providers.get(offer.provider)):
            vendor_id = entry.vendor_id
            taken = entry.id in entries
            own_id = f"{offer.provider}/{vendor_id}" if taken else entry.id
            entries[own_id] = replace(
                entry,
                id=own_id,
                upstream_id=vendor_id if taken else entry.upstream_id,
                default=not entries,
            )
    return tuple(entries.values())


def _picked(offer: Offer, provider: BaseProvider) -> Iterator[ModelEntry]:
    known = provider.default_models if isinstance(provider, HasDefaults) else ()
    known = tuple(entry for entry in known if is_offered(entry.vendor_id, offer.models))
    yield from known
    count = FEW if len(offer.models) <= FEW else 0 if known else SAMPLE
    names = {entry.vendor_id for entry in known}
    for model in [model for model in offer.models if model not in names and _fits(model)][:count]:
        yield ModelEntry(model, model[:LONGEST_NAME], f"From {offer.name}", offer.provider)


def _fits(model: str) -> bool:
    """Tell whether a vendor's id can stand in a list of ours."""
    try:
        read_model_id(model)
    except Mistake:
        return False
    return True


def _fields(entry: ModelEntry, state: str) -> dict[str, object]:
    return {
        "id": entry.id,
        "name": entry.name,
        "description": entry.description,
        "provider": entry.provider,
        "default": entry.default,
        "state": state,
    }


def _offer(offer: Offer) -> dict[str, object]:
    return {
        "id": offer.provider,
        "name": offer.name,
        "models": list(offer.models),
        "problem": offer.problem,
        "remark": offer.remark,
    }


def _write_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
