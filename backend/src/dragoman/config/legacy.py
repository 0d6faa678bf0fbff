"""The old form of the list: one variable for each provider, of model ids or of objects."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from .entries import LONGEST_NAME, entry_of, read_entry, read_model_id
from .errors import Findings, Mistake
from .facts import ModelEntry, ProviderFacts
from .json_text import read_json, repeated_keys
from .wording import kind_of, quoted

_REQUIRED: Final = ("id",)


def legacy_variables(
    facts: Mapping[str, ProviderFacts], environ: Mapping[str, str]
) -> dict[str, str]:
    """Give, by provider, the legacy variable that is set and not blank."""
    return {
        provider: fact.models_env
        for provider, fact in facts.items()
        if fact.models_env is not None and environ.get(fact.models_env, "").strip()
    }


def read_legacy_lists(
    facts: Mapping[str, ProviderFacts], environ: Mapping[str, str], findings: Findings
) -> tuple[ModelEntry, ...]:
    """Read every provider's legacy list, in the order of the providers; the first default wins."""
    entries: list[ModelEntry] = []
    owners: dict[str, str] = {}
    for provider, variable in legacy_variables(facts, environ).items():
        for place, fields in _read_list(environ[variable], variable, provider, findings):
            model = fields.get("id")
            if not isinstance(model, str):
                continue
            if model in owners:
                findings.problem(
                    f"{place}: {quoted(model)} is listed already, in {owners[model]}: keep one"
                )
                continue
            owners[model] = variable
            entries.append(_completed(fields, model, provider, facts[provider]))
    return _one_default(entries)


def _read_list(
    text: str, variable: str, provider: str, findings: Findings
) -> Iterator[tuple[str, dict[str, object]]]:
    try:
        raw = read_json(text) if text.lstrip()[:1] in ("[", "{", '"') else _split(text)
    except Mistake as mistake:
        findings.problem(f"{variable}: {mistake}")
        return
    for complaint in repeated_keys(raw, variable):
        findings.problem(complaint)
    if not isinstance(raw, list):
        findings.problem(
            f"{variable}: this must be an array or a comma-separated list, not {kind_of(raw)}"
        )
        return
    if not raw:
        findings.problem(f"{variable}: the list is empty: name a model, or take it out")
    for index, item in enumerate(raw):
        place = f"{variable}[{index}]"
        yield place, _read_item(item, place, provider, findings)


def _split(text: str) -> list[object]:
    pieces = (piece.strip() for piece in text.replace("\n", ",").split(","))
    return [piece for piece in pieces if piece]


def _read_item(item: object, place: str, provider: str, findings: Findings) -> dict[str, object]:
    if isinstance(item, dict):
        fields = read_entry(item, place, findings, required=_REQUIRED)
        if fields.get("provider", provider) != provider:
            findings.problem(
                f"{place}.provider: this list belongs to {provider!r}: "
                "move the entry to MODELS, which takes every provider"
            )
        return fields
    try:
        return {"id": read_model_id(item)}
    except Mistake as mistake:
        findings.problem(f"{place}: {mistake}")
        return {}


def _completed(
    fields: Mapping[str, object], model: str, provider: str, fact: ProviderFacts
) -> ModelEntry:
    known = next((entry for entry in fact.default_models if entry.id == model), None)
    short = model if len(model) <= LONGEST_NAME else f"{model[: LONGEST_NAME - 1]}…"
    base = known or ModelEntry(model, short, f"{model} by {fact.name}", provider)
    given = {name: value for name, value in fields.items() if name != "provider"}
    return entry_of({**msgspec.structs.asdict(base), "default": False, **given})


def _one_default(entries: list[ModelEntry]) -> tuple[ModelEntry, ...]:
    chosen = next((entry.id for entry in entries if entry.default), None)
    return tuple(msgspec.structs.replace(entry, default=entry.id == chosen) for entry in entries)
