"""Which models there are: `MODELS` before the file, the old lists, and the providers' own."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from dragoman.observability.secrets import Secret, mask

from .entries import Draft, entry_of, read_entries
from .errors import ConfigurationError, Findings, Mistake
from .facts import DisabledProvider, ModelConfiguration, ModelEntry, ProviderFacts
from .json_text import read_json, repeated_keys
from .legacy import legacy_variables, read_legacy_lists
from .paste import models_variable
from .wording import TWO_BRACKETS, listing, quoted

__all__ = [
    "ConfigurationError",
    "DisabledProvider",
    "ModelConfiguration",
    "ModelEntry",
    "ProviderFacts",
    "load_model_configuration",
    "load_unified_models",
    "models_variable",
]

VARIABLE: Final = "MODELS"
FILE_PLACE: Final = "dragoman.toml: models"
TWO_LISTS: Final = (
    "models are listed in two places, {} and [[models]] in {}: keep one of them, "
    "or nobody can tell which counts"
)

# A shorter value is a dummy for a server that checks none, and may well be a provider's name.
_REAL_KEY: Final = 16

Facts = Mapping[str, ProviderFacts]
Environ = Mapping[str, str]


class _Listing(Struct, frozen=True):
    """A list of models before anything was left out: its source, and its name in complaints."""

    entries: tuple[ModelEntry, ...]
    source: str
    place: str


def load_unified_models(
    environ: Environ, facts: Facts, *, file_models: object = None
) -> tuple[ModelEntry, ...]:
    """Read `MODELS`, or else the `[[models]]` of the file, as they stand; `()` if neither is set.

    Models of providers without a key are in it too, and `default` is as it was written. Raises
    `ConfigurationError` with every mistake at once.
    """
    findings = _findings(facts, environ)
    _check_one_list(environ, file_models, findings)
    _check_no_key_inside(facts, environ, file_models, findings)
    drafts = unified_drafts(environ, findings, facts=facts, file_models=file_models)
    findings.settle()
    return tuple(entry_of(draft.fields) for draft in drafts)


def load_model_configuration(
    facts: Facts, environ: Environ, *, file_models: object = None
) -> ModelConfiguration:
    """Decide which models can be used, and which of them is the default.

    `MODELS` or `[[models]]` counts alone; without them the legacy lists; without those the default
    models of every provider that has a key. Models of providers that are not enabled are left out
    and counted in `disabled`. Raises `ConfigurationError` with every mistake at once, or if models
    are listed and none is left.
    """
    findings = _findings(facts, environ)
    _check_one_list(environ, file_models, findings)
    _check_no_key_inside(facts, environ, file_models, findings)
    listed = _listed(facts, environ, file_models, findings)
    findings.settle()
    enabled = tuple(entry for entry in listed.entries if facts[entry.provider].enabled)
    models = _with_default(enabled, listed, findings)
    _explain(listed, models, facts, environ, findings)
    return ModelConfiguration(
        models=models,
        default=next((entry for entry in models if entry.default), None),
        disabled=_disabled((entry.provider for entry in listed.entries), facts),
        warnings=findings.warnings,
        source=listed.source,
        left_out=tuple(
            msgspec.structs.replace(entry, default=False)
            for entry in listed.entries
            if not facts[entry.provider].enabled
        ),
    )


def unified_drafts(
    environ: Environ, findings: Findings, *, facts: Facts | None, file_models: object
) -> tuple[Draft, ...]:
    """Read the one list as far as it can be read; without `facts` no provider is checked."""
    text = environ.get(VARIABLE, "")
    if not text.strip():
        if file_models is None:
            return ()
        if isinstance(file_models, dict):
            findings.problem(f"{FILE_PLACE}: {TWO_BRACKETS}")
            return ()
        return read_entries(file_models, FILE_PLACE, findings, facts=facts)
    try:
        raw = read_json(text)
        for complaint in repeated_keys(raw, VARIABLE):
            findings.problem(complaint)
    except Mistake as mistake:
        findings.problem(f"{VARIABLE}: {mistake}")
        return ()
    return read_entries(raw, VARIABLE, findings, facts=facts)


def _findings(facts: Facts, environ: Environ) -> Findings:
    findings = Findings()
    for fact in facts.values():
        if fact.key_env is not None and environ.get(fact.key_env):
            findings.secret(environ[fact.key_env])
    return findings


def _check_one_list(environ: Environ, file_models: object, findings: Findings) -> None:
    if environ.get(VARIABLE, "").strip() and file_models is not None:
        findings.problem(TWO_LISTS.format(VARIABLE, "dragoman.toml"))


def _check_no_key_inside(
    facts: Facts, environ: Environ, file_models: object, findings: Findings
) -> None:
    """Stop at once where a key stands in a list: what is read from a list is shown to everybody."""
    lists = {VARIABLE: environ.get(VARIABLE, ""), FILE_PLACE: repr(file_models)}
    lists |= {variable: environ[variable] for variable in legacy_variables(facts, environ).values()}
    for fact in facts.values():
        key = environ.get(fact.key_env, "") if fact.key_env is not None else ""
        for place, text in lists.items():
            if len(key) >= _REAL_KEY and mask(text, [Secret(key)]) != text:
                findings.problem(f"{place}: the value of {fact.key_env} stands in it: take it out")
    findings.settle()


def _listed(facts: Facts, environ: Environ, file_models: object, findings: Findings) -> _Listing:
    drafts = unified_drafts(environ, findings, facts=facts, file_models=file_models)
    if drafts or findings:
        by_variable = bool(environ.get(VARIABLE, "").strip())
        source, place = (VARIABLE, VARIABLE) if by_variable else ("dragoman.toml", FILE_PLACE)
        named = [provider for draft in drafts if (provider := draft.text("provider"))]
        if len(named) == len(drafts):
            _check_any_enabled(named, place, facts, findings)
        if findings:
            return _Listing((), source, place)
        return _Listing(tuple(entry_of(draft.fields) for draft in drafts), source, place)
    old = legacy_variables(facts, environ)
    if old:
        entries = read_legacy_lists(facts, environ, findings)
        place = " and ".join(old.values())
        _check_any_enabled([entry.provider for entry in entries], place, facts, findings)
        return _Listing(entries, "legacy", place)
    entries = _default_models(facts)
    return _Listing(entries, "defaults" if entries else "none", "the default models")


def _default_models(facts: Facts) -> tuple[ModelEntry, ...]:
    by_id: dict[str, ModelEntry] = {}
    for provider, fact in facts.items():
        if fact.enabled and fact.key_env is not None:
            for entry in fact.default_models:
                offered = msgspec.structs.replace(entry, provider=provider, default=False)
                by_id.setdefault(entry.id, offered)
    return tuple(by_id.values())


def _disabled(providers: Iterable[str], facts: Facts) -> tuple[DisabledProvider, ...]:
    counts: dict[str, int] = {}
    for provider in providers:
        if not facts[provider].enabled:
            counts[provider] = counts.get(provider, 0) + 1
    return tuple(_lacking(provider, facts[provider], count) for provider, count in counts.items())


def _lacking(provider: str, fact: ProviderFacts, models: int) -> DisabledProvider:
    # A key comes first; whoever has one may still lack the address.
    wanted = fact.wants[0] if fact.wants else fact.key_env
    return DisabledProvider(
        provider, wanted, models, "key" if wanted == fact.key_env else "address"
    )


def _check_any_enabled(providers: list[str], place: str, facts: Facts, findings: Findings) -> None:
    disabled = _disabled(providers, facts)
    if not disabled or sum(provider.models for provider in disabled) < len(providers):
        return
    variables = [
        f"{provider.variable} for {provider.provider!r}"
        for provider in disabled
        if provider.variable is not None
    ]
    absent = [repr(provider.provider) for provider in disabled if provider.variable is None]
    reasons = []
    if variables:
        reasons.append(f"none of their providers has a key: set {' or '.join(variables)}")
    if absent:
        reasons.append(f"{listing(absent)} is not available here: list a model of another provider")
    findings.problem(f"{place}: no listed model can be used, {'; and '.join(reasons)}")


def _with_default(
    enabled: tuple[ModelEntry, ...], listed: _Listing, findings: Findings
) -> tuple[ModelEntry, ...]:
    if not enabled or any(entry.default for entry in enabled):
        return enabled
    first, *others = enabled
    lost = next((entry for entry in listed.entries if entry.default), None)
    if lost is not None:
        findings.warning(
            f"{listed.place}: the default model {quoted(lost.id)} is left out, because its "
            f"provider {lost.provider!r} is not enabled: {quoted(first.id)} is the default now"
        )
    elif listed.source in (VARIABLE, "dragoman.toml"):
        findings.warning(
            f"{listed.place}: no entry is marked as the default: the first one that can be used, "
            f"{quoted(first.id)}, is taken; add 'default' to the one you want"
        )
    return (msgspec.structs.replace(first, default=True), *others)


def _explain(
    listed: _Listing,
    models: tuple[ModelEntry, ...],
    facts: Facts,
    environ: Environ,
    findings: Findings,
) -> None:
    """Say what the operator should write instead of what was read."""
    match listed.source:
        case "legacy":
            findings.warning(
                f"{listed.place}: this is the old form of the list; it still works. "
                f"The same in one list, for .env:\n{models_variable(_marked(listed, models))}"
            )
        case "defaults":
            names = listing(dict.fromkeys(facts[entry.provider].name for entry in models))
            findings.warning(
                f"no {VARIABLE} is set: these are the default models of {names}. "
                f"To choose for yourself, put this in .env:\n{models_variable(models)}"
            )
            _name_the_unlisted(facts, findings)
        case "none":
            _name_the_unlisted(facts, findings)
        case _:
            for variable in legacy_variables(facts, environ).values():
                findings.warning(
                    f"{variable}: not read, because {listed.place} is set: take it out"
                )


def _marked(listed: _Listing, models: tuple[ModelEntry, ...]) -> tuple[ModelEntry, ...]:
    """Give the whole list with its default: the written one, or else the one that was taken."""
    if any(entry.default for entry in listed.entries):
        return listed.entries
    chosen = next(entry.id for entry in models if entry.default)
    return tuple(
        msgspec.structs.replace(entry, default=entry.id == chosen) for entry in listed.entries
    )


def _name_the_unlisted(facts: Facts, findings: Findings) -> None:
    for provider, fact in facts.items():
        if fact.enabled and fact.key_env is not None and not fact.default_models:
            findings.warning(
                f"provider {provider!r} has a key and no models: list some of them in {VARIABLE}"
            )
