"""`dragoman check`: everything about the configuration, and every mistake in it with its cure."""

import asyncio
import textwrap
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Final, final

import click

from dragoman.chat import Category
from dragoman.composition import Composition, compose
from dragoman.config import Configuration, ConfigurationError, ModelEntry, models_variable
from dragoman.services.providers import (
    CATALOG,
    BaseProvider,
    LocalProvider,
    Runtime,
    State,
    status_of,
)
from dragoman.services.providers.model_facts import model_facts_of
from dragoman.services.providers.retired import Retirement, retirement_of

from . import data_folder
from .at_home import offers_here
from .binding import BindError, places
from .configuration import Loader
from .discovery import Offer, ask_all, is_offered, missing, runtime_of
from .endings import CONFIGURATION, leave
from .models import STATES, suggested
from .processor import complaint_about_processor
from .running import Told, told_by
from .serve import EXPOSED, is_exposed
from .surroundings import Finding, clock_finding, proxy_findings
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

    def note(self, text: str) -> None:
        """Write a sentence that closes a part of the report."""
        filled = textwrap.fill(
            text, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False
        )
        click.echo(f"{filled}\n")

    def warnings(self, warnings: Iterable[str]) -> None:
        """Write what the operator should know, and can live with."""
        for warning in warnings:
            click.echo(f"! {warning}\n")
            self._warned += 1

    def findings(self, findings: Iterable[Finding]) -> None:
        """Write what can be lived with, and keep what cannot for the end."""
        for finding in findings:
            if finding.serious:
                self.problems.append(finding.text)
            else:
                self.warnings([finding.text])

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


def _today() -> date:
    return date.today()  # noqa: DTZ011 - a day, anywhere


def check(load: Loader, *, live: bool, today: Callable[[], date] = _today) -> None:
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
    models = composition.models.models if composition is not None else ()
    if composition is not None:
        _check_models(composition, report)
        at_home = tuple(_at_their_vendors(models, configuration, load))
        report.findings(_retirements(at_home, today()))
        report.findings(_contradictions(at_home))
    _check_server(configuration, report)
    _show_running(asyncio.run(told_by(configuration.settings)), report)
    trusted = configuration.settings.trust_proxies
    report.findings(proxy_findings(load.variables, trusted=trusted))
    if live:
        wanted = _worth_asking(configuration, composition, load)
        offers = asyncio.run(ask_all(configuration, load, wanted=wanted))
        _check_offers(offers, models, report)
        report.findings(_surroundings(offers, trusted=trusted))
    used = {entry.provider for entry in models}
    _offer_home(asyncio.run(offers_here(configuration, load, used=used)), configuration, load)
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
    rows, others = [], []
    async with runtime_of(configuration) as runtime:
        for provider in load.providers(configuration).get_all():
            words, problem = _state(provider, runtime)
            config = provider.get_config(runtime.environ)
            if config.id in used or provider not in CATALOG or config.api_key is not None:
                rows.append((config.id, config.name, words))
            else:
                others.append(config.id)
            if problem is not None and config.id in used:
                report.problems.append(problem)
    report.section("Providers", rows)
    if others:
        report.note(f"Known, too, and not used: {', '.join(others)}.")


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
        case State.READY | State.REFUSED | State.UNREACHABLE | State.LIMITED:
            # Nobody was asked yet, so nothing was heard.
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


def _show_running(told: tuple[Told, ...], report: Report) -> None:
    """Show how the server that runs finds its providers; it knows without asking them."""
    rows = []
    for one in told:
        when = f" (at {one.checked_at.astimezone():%H:%M})" if one.checked_at is not None else ""
        why = f": {one.reason}" if one.reason else ""
        rows.append((one.name, f"{STATES.get(one.state, one.state)}{when}{why}"))
    if rows:
        report.section("As the server that runs there finds its providers", rows)


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


_SOON: Final = 120
"""How many days before its end a model is worth a word."""


def _at_their_vendors(
    models: Iterable[ModelEntry], configuration: Configuration, load: Loader
) -> Iterator[ModelEntry]:
    """Choose the models that are asked at their vendor's own address: elsewhere they may differ."""
    providers = load.providers(configuration)
    for entry in models:
        provider = providers.get(entry.provider)
        at_home = provider.get_config({}).base_url
        if provider.get_config(configuration.environ).base_url == at_home:
            yield entry


def _retirements(models: Iterable[ModelEntry], today: date) -> Iterator[Finding]:
    """Tell of models that their vendor has switched off, or soon will."""
    for entry in models:
        known = retirement_of(entry.provider, entry.vendor_id)
        if known is not None and (known.on - today).days <= _SOON:
            yield Finding(_farewell(entry, known, today))


def _contradictions(models: Iterable[ModelEntry]) -> Iterator[Finding]:
    """Tell of entries that promise more than the vendor says of the model."""
    for entry in models:
        facts = model_facts_of(entry.provider, entry.vendor_id)
        if facts is None:
            continue
        told = f"({facts.source}, as of {facts.as_of}): correct it, or take it out"
        for column in ("context_window", "max_output_tokens"):
            ours, theirs = getattr(entry, column), getattr(facts, column)
            if ours is not None and theirs is not None and ours > theirs:
                yield Finding(
                    f"model {entry.id!r}: its {column} of {ours} is more than the {theirs} of "
                    f"{entry.vendor_id!r} {told}"
                )
        for word in sorted(set(entry.capabilities or ()).intersection(facts.lacks)):
            yield Finding(
                f"model {entry.id!r}: {word!r} is among its capabilities, and {entry.vendor_id!r} "
                f"is without {told}"
            )


def _farewell(entry: ModelEntry, known: Retirement, today: date) -> str:
    verb = "was" if known.on <= today else "will be"
    return (
        f"model {entry.id!r}: {entry.vendor_id!r} {verb} switched off on {known.on}: put "
        f"{known.instead!r} in its place ({known.source}, as of {known.as_of})"
    )


def _surroundings(offers: tuple[Offer, ...], *, trusted: bool) -> Iterator[Finding]:
    """Tell what the answers of the vendors, and their silence, say of this machine."""
    skew = clock_finding([offer.skew for offer in offers if offer.skew is not None])
    if skew is not None:
        yield skew
    if trusted and any(offer.failed is Category.CONNECTION for offer in offers):
        yield Finding(
            "providers are reached through the proxy of HTTPS_PROXY or HTTP_PROXY, since "
            "DRAGOMAN_TRUST_PROXIES is set: see whether it runs, or name those that are to be "
            "reached without it in NO_PROXY"
        )


def _offer_home(offers: tuple[Offer, ...], configuration: Configuration, load: Loader) -> None:
    """Show the servers of this machine whose models nobody has listed, and how to list them."""
    if not offers:
        return
    providers = load.providers(configuration)
    places = {it.provider_id: it.get_config(configuration.environ) for it in providers.get_all()}
    rows = [
        (offer.name, places[offer.provider].base_url, f"lists {_count(len(offer.models), 'model')}")
        for offer in offers
    ]
    click.echo(f"On this machine, and not used\n{table(rows, indent=_INDENT)}")
    if entries := suggested(offers, providers):
        click.echo("To use them, put this into .env, or its entries into your list:\n")
        click.echo(models_variable(entries))
    click.echo()
