"""`dragoman providers test`: a provider, or a server at an address, held to what it promises.

an id, module:Class ─▶ at a scripted upstream on loopback: sends nothing to anybody
a URL, an id --live ─▶ at its address: a few small requests
"""

import asyncio
import importlib
import ipaddress
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click
from msgspec import Struct
from msgspec.structs import replace

from dragoman.composition import environment
from dragoman.config import Configuration
from dragoman.config.wording import did_you_mean, listing
from dragoman.services.providers import FAMILIES, BaseProvider, GeminiProvider, HttpProvider
from dragoman.testing import ProviderContract
from dragoman.testing.conformance.bench import Bench
from dragoman.testing.conformance.case import NotOffered, Outcome
from dragoman.testing.conformance.endpoint import FEW_TOKENS, MOST_REQUESTS, Endpoint
from dragoman.testing.conformance.report import MARKS, Column, Report
from dragoman.testing.conformance.suite import bench_of, examine, examine_live

from .configuration import Loader
from .endings import FAILED, CommandError, WrongUsageError, leave
from .table import table

_OPENAI: Final = FAMILIES["openai"]
_SERVERS: Final[dict[str, HttpProvider]] = {
    wire.name: replace(family, wire=wire, other_wires=())
    for family in (_OPENAI, FAMILIES["anthropic"], GeminiProvider(), FAMILIES["ollama"])
    for wire in (family.wire, *family.other_wires)
}
"""A server of each wire format, to be put at any address."""

WIRES: Final = tuple(_SERVERS)


class Wishes(Struct, frozen=True, kw_only=True):
    """What was typed beside the target."""

    wire: str | None = None
    model: str | None = None
    key_env: str | None = None
    live: bool = False
    yes: bool = False
    junit: Path | None = None
    json: Path | None = None


def test(load: Loader, target: str, wishes: Wishes) -> None:
    """Test the target, and write what was found. Leaves with 1 if any promise was not kept."""
    if "://" in target or wishes.live:
        column = asyncio.run(_at_its_address(load, target, wishes))
        report = Report(target, (column,))
    else:
        benches = _benches(load, target, wishes)
        report = Report(target, asyncio.run(_at_a_scripted_upstream(benches)))
    click.echo(table(report.rows()))
    click.echo()
    _tell(report)
    for path, content in ((wishes.junit, report.junit()), (wishes.json, report.json())):
        if path is not None:
            path.write_bytes(content)
            click.echo(f"Written: {path}")
    if report.failed:
        leave(FAILED)


def _tell(report: Report) -> None:
    """Say what was not kept, case by case, and what is not offered, reason by reason."""
    several = len(report.columns) > 1
    reasons: dict[tuple[str, str], list[str]] = {}
    for column, outcome in report.told("fail"):
        where = f" ({column})" if several else ""
        click.echo(f"FAIL  {outcome.name}{where}: {outcome.detail}")
        click.echo(f"      {outcome.promise}")
    for column, outcome in report.told("not offered"):
        where = f" ({column})" if several else ""
        reasons.setdefault((where, outcome.detail), []).append(outcome.name)
    for (where, reason), names in reasons.items():
        click.echo(f"not offered  {', '.join(names)}{where}: {reason}")
    click.echo(report.summary())


async def _at_a_scripted_upstream(benches: tuple[Bench, ...]) -> tuple[Column, ...]:
    return tuple([await examine(bench) for bench in benches])


def _benches(load: Loader, target: str, wishes: Wishes) -> tuple[Bench, ...]:
    """Put the target on one bench for each wire that it is asked in. Raises `WrongUsageError`."""
    found = _named(target) if ":" in target else _registered(load, load(), target)
    try:
        if isinstance(found, ProviderContract):
            return (found.bench(),)
        wires = found.wires if isinstance(found, HttpProvider) else ()
        wanted = (wishes.wire,) if wishes.wire is not None else wires or (None,)
        return tuple(bench_of(found, wire) for wire in wanted)
    except NotOffered as reason:
        raise WrongUsageError(str(reason)) from None


def _registered(load: Loader, configuration: Configuration, target: str) -> BaseProvider:
    known = load.providers(configuration)
    if target in known:
        return known.get(target)
    near = did_you_mean(target, tuple(known))
    raise WrongUsageError(
        f"no provider {target!r} is known{near}: name one (`dragoman providers` lists them), "
        "module:Class, or a URL"
    )


def _named(target: str) -> BaseProvider | ProviderContract:
    """Find `module:name`, as from the folder that one is in: a provider, its class, or its test."""
    module, _, name = target.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: object = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise WrongUsageError(f"{target!r} cannot be imported: {error}") from error
    made: object = found() if isinstance(found, type) else found
    if isinstance(made, ProviderContract | BaseProvider):
        return made
    raise WrongUsageError(
        f"{target!r} is neither a provider nor a subclass of dragoman.testing.ProviderContract"
    )


async def _at_its_address(load: Loader, target: str, wishes: Wishes) -> Column:
    endpoint = _endpoint(load, load(), target, wishes)
    _warn(endpoint, wishes)
    if not endpoint.model:
        endpoint.model = await _first_model(endpoint)
    wire = endpoint.provider.wire.name
    click.echo(f"Asking {endpoint.address} for {endpoint.model}, in {wire}.")
    column = await examine_live(endpoint, heard=_as_it_comes)
    click.echo(f"{endpoint.recorder.sent} requests were sent.\n")
    return column


def _as_it_comes(outcome: Outcome) -> None:
    said = f"  {outcome.detail}" if outcome.verdict == "pass" and outcome.detail else ""
    click.echo(f"{MARKS[outcome.verdict]:11}  {outcome.name}{said}")


def _endpoint(load: Loader, configuration: Configuration, target: str, wishes: Wishes) -> Endpoint:
    environ: Mapping[str, str] = environment(configuration)
    if "://" in target:
        provider = _server(target, wishes)
        environ = _keys(environ, load.variables, wishes)
    else:
        provider = _asked_in(_registered(load, configuration, target), wishes.wire)
        if missing := provider.get_config(environ).wants:
            raise WrongUsageError(f"provider {target!r} cannot be asked: set {missing[0]}")
    proxies = configuration.settings.trust_proxies
    return Endpoint(provider, environ, wishes.model, trust_proxies=proxies)


def _asked_in(provider: BaseProvider, name: str | None) -> HttpProvider:
    """Give the provider, asked in the wire of that name alone. Raises `WrongUsageError`."""
    if not isinstance(provider, HttpProvider):
        raise WrongUsageError(f"provider {provider.provider_id!r} has no address to be asked at")
    for wire in (provider.wire, *provider.other_wires):
        if name in (None, wire.name):
            return replace(provider, wire=wire, other_wires=())
    raise WrongUsageError(f"--wire: it is not asked in {name!r}, but in {listing(provider.wires)}")


def _server(url: str, wishes: Wishes) -> HttpProvider:
    """Make a provider of an address, which may be given with or without its wire's `/v1`."""
    like = _SERVERS.get(wishes.wire or WIRES[0])
    if like is None:
        raise WrongUsageError(f"--wire: there is no {wishes.wire!r}, but {listing(WIRES)}")
    base = url.rstrip("/")
    if like.wire.path.startswith("/v1/"):
        base = base.removesuffix("/v1")
    return replace(
        like,
        provider_id="endpoint",
        name=urlsplit(url).netloc,
        base_url=base,
        api_key_env=wishes.key_env,
        models_env=None,
        default_models=(),
    )


def _keys(
    environ: Mapping[str, str], variables: Mapping[str, str], wishes: Wishes
) -> dict[str, str]:
    """Give the key that was named, and nothing else of the environment."""
    if wishes.key_env is None:
        return {}
    key = environ.get(wishes.key_env) or variables.get(wishes.key_env)
    if not key:
        raise WrongUsageError(f"{wishes.key_env} is not set: put the key into it")
    return {wishes.key_env: key}


def _warn(endpoint: Endpoint, wishes: Wishes) -> None:
    """Say what this may cost before anything is sent to another machine, and ask."""
    host = urlsplit(endpoint.address).hostname or ""
    if wishes.yes or _is_loopback(host):
        return
    click.echo(
        f"This sends at most {MOST_REQUESTS} small requests to {host}, for answers of at most "
        f"{FEW_TOKENS} tokens (one of 1024). They may cost money."
    )
    try:
        agreed = click.confirm("Go on?")
    except click.Abort:
        agreed = False
    if not agreed:
        raise CommandError("nothing was sent; --yes goes on without a question")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _first_model(endpoint: Endpoint) -> str:
    try:
        listed = await endpoint.models()
    except Exception as error:  # noqa: BLE001 - the provider judges it, whatever it is
        judged = endpoint.provider.map_error(error)
        why = endpoint.redact(str(judged))
        raise WrongUsageError(
            f"name a model by --model: there is no list of them ({why})"
        ) from None
    if not listed:
        raise WrongUsageError("name a model by --model: the list of them is empty")
    return listed[0]
