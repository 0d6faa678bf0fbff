"""`dragoman check`: everything about the configuration, and every mistake in it with its cure."""

import asyncio
from collections.abc import Iterable
from typing import Final, final

import click

from dragoman.app import Composition, compose
from dragoman.config import Configuration, ConfigurationError, ModelEntry
from dragoman.services.providers import BaseProvider, LocalProvider, Runtime, State, status_of

from . import data_folder
from .binding import BindError, places
from .configuration import Loader
from .discovery import Offer, ask_all, is_offered, missing, runtime_of
from .endings import CONFIGURATION, leave
from .processor import complaint_about_processor
from .serve import EXPOSED, is_exposed
from .table import table

_INDENT: Final = "  "


@final
class Report:
    """What was found, written as it is found; problems are gathered for the end."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._warned = 0

    def section(self, title: str, rows: Iterable[tuple[str, ...]]) -> None:
        """Write a part of the report."""
        text = table(list(rows), indent=_INDENT)
        click.echo(f"{title}\n{text}\n" if text else f"{title}\n")

    def warnings(self, warnings: Iterable[str]) -> None:
        """Write what the operator should know, and can live with."""
        for warning in warnings:
            click.echo(f"! {warning}\n")
            self._warned += 1

    def conclude(self) -> None:
        """Write the problems, and leave with the exit code that there are some."""
        if not self.problems:
            warned = f"No mistake; {_count(self._warned, 'warning')}."
            click.echo(warned if self._warned else "No problem was found.")
            return
        click.echo(f"{_count(len(self.problems), 'problem')}:")
        for problem in self.problems:
            click.echo("- " + problem.replace("\n", "\n  "))
        leave(CONFIGURATION)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def check(load: Loader, *, live: bool) -> None:
    """Report on the configuration; `live` asks the vendors, too. Leaves with 2 for mistakes."""
    report = Report()
    try:
        configuration = load()
    except ConfigurationError as error:
        report.problems.extend(error.problems)
        report.conclude()
        return
    sources = [(str(path),) for path in configuration.sources]
    report.section("Read", sources or [("the environment alone: no .env, no dragoman.toml",)])
    composition = _compose(configuration, load, report)
    asyncio.run(_check_providers(configuration, composition, load, report))
    if composition is not None:
        _check_models(composition, report)
    _check_server(configuration, report)
    if live:
        wanted = _worth_asking(configuration, composition, load)
        offers = asyncio.run(ask_all(configuration, load, wanted=wanted))
        _check_offers(offers, composition.models.models if composition else (), report)
    report.conclude()


def _compose(configuration: Configuration, load: Loader, report: Report) -> Composition | None:
    try:
        composition = compose(configuration, registry=load.registry)
    except ConfigurationError as error:
        report.warnings(configuration.warnings)
        report.problems.extend(error.problems)
        return None
    report.warnings(composition.warnings)
    return composition


async def _check_providers(
    configuration: Configuration, composition: Composition | None, load: Loader, report: Report
) -> None:
    """Say of each provider whether it can be used; one that has models and cannot is a problem."""
    models = composition.models.models if composition is not None else ()
    used = {entry.provider for entry in models}
    rows = []
    async with runtime_of(configuration) as runtime:
        for provider in load.providers(configuration).get_all():
            words, problem = _state(provider, runtime)
            config = provider.get_config(runtime.environ)
            rows.append((config.id, config.name, words))
            if problem is not None and config.id in used:
                report.problems.append(problem)
    report.section("Providers", rows)


def _state(provider: BaseProvider, runtime: Runtime) -> tuple[str, str | None]:
    """Say how a provider is, and what is wrong with it."""
    config = provider.get_config(runtime.environ)
    status = status_of(provider, runtime)
    place = f", at {config.base_url}" if config.base_url else ""
    match status.state:
        case State.NO_KEY:
            return f"no key: {status.reason}", None
        case State.FAILED:
            return status.reason, status.reason
        case State.READY if config.api_key_env is not None:
            return f"enabled: {config.api_key_env} is set{place}", None
        case State.READY:
            return f"enabled: needs no key{place}", None
        case State.LOADING:
            own = isinstance(provider, LocalProvider)
            problem = complaint_about_processor() if own else None
            return problem or "can run here, and starts when it is needed", problem


def _check_models(composition: Composition, report: Report) -> None:
    models = composition.models
    rows = [
        ("*" if entry.default else " ", entry.id, entry.name, entry.provider)
        for entry in models.models
    ]
    report.section(f"Models ({_SOURCES.get(models.source, f'from {models.source}')})", rows)
    report.warnings(provider.message for provider in models.disabled)


_SOURCES: Final[dict[str, str]] = {
    "legacy": "from the old lists of the single providers",
    "defaults": "the default ones of the providers that have a key",
    "local": "none is configured: the one inside Dragoman",
}


def _check_server(configuration: Configuration, report: Report) -> None:
    settings = configuration.settings
    try:
        if is_exposed(places(settings.host)) and not settings.insecure_no_auth:
            report.problems.append(EXPOSED.format(host=settings.host))
    except BindError as error:
        report.problems.append(str(error))
    complaint = data_folder.complaint(settings.data_dir)
    if complaint is not None:
        report.problems.append(complaint)
    report.section(
        "Server",
        [
            ("address", f"{settings.host}, port {settings.port}"),
            ("data", str(settings.data_dir)),
        ],
    )


def _worth_asking(
    configuration: Configuration, composition: Composition | None, load: Loader
) -> set[str]:
    """Choose whom to ask: those with a key, and those with a model; not whoever needs no key."""
    providers = load.providers(configuration).get_all()
    configs = [provider.get_config(configuration.environ) for provider in providers]
    keyed = {config.id for config in configs if config.api_key is not None}
    models = composition.models.models if composition is not None else ()
    return keyed | {entry.provider for entry in models}


def _check_offers(
    offers: tuple[Offer, ...], models: tuple[ModelEntry, ...], report: Report
) -> None:
    """Say what each vendor answered, and whether it lists the models that are configured."""
    rows = []
    for offer in offers:
        if offer.problem is not None:
            rows.append((offer.provider, "could not be asked: see below"))
            report.problems.append(offer.problem)
            continue
        lists = f"answers, and lists {len(offer.models)} models"
        rows.append((offer.provider, offer.remark or lists))
        used = [entry for entry in models if entry.provider == offer.provider]
        for entry in used if offer.remark is None else ():
            listed = is_offered(entry.vendor_id, offer.models)
            rows.append(("", f"{entry.id}: {'listed' if listed else 'not listed'}"))
            if not listed:
                report.problems.append(
                    f"model {entry.id!r}: {missing(entry.vendor_id, offer)}: correct its id, or "
                    "take it out"
                )
    report.section("Vendors", rows or [("nobody was there to be asked",)])
