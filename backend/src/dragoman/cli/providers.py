"""`dragoman providers`: who can be asked, in which wire formats, and what is still missing."""

import asyncio
import json

import click

from dragoman.config import Configuration
from dragoman.services.providers import installed, load_plugins, status_of
from dragoman.services.providers.base import Speaks

from .configuration import Loader
from .discovery import runtime_of
from .models import state_in_words
from .table import table

_HEADINGS = ("ID", "NAME", "ASKED IN", "STATE")


def list_providers(load: Loader, *, as_json: bool) -> None:
    """Write every provider there is; a plugin that is left out is told of on standard error."""
    rows = asyncio.run(_rows(load(), load))
    if as_json:
        names = ("id", "name", "wires", "state")
        told = [dict(zip(names, row, strict=True)) for row in rows]
        click.echo(json.dumps({"providers": told}, ensure_ascii=False, indent=2))
    else:
        lines = [(id_, name, ", ".join(wires), state) for id_, name, wires, state in rows]
        click.echo(table([_HEADINGS, *lines]))
    for problem in load_plugins(installed(), taken=load.registry.__contains__).problems:
        click.echo(problem, err=True)


async def _rows(
    configuration: Configuration, load: Loader
) -> list[tuple[str, str, tuple[str, ...], str]]:
    async with runtime_of(configuration) as runtime:
        return [
            (
                provider.provider_id,
                provider.get_config(runtime.environ).name,
                provider.wires if isinstance(provider, Speaks) else (),
                state_in_words(status_of(provider, runtime)),
            )
            for provider in load.providers(configuration).get_all()
        ]
