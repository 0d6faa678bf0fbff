"""All of the configuration in one frozen value, read from every source in one go."""

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from dragoman.observability.secrets import Secret

from .environment import Variables, first_given, merged
from .errors import ConfigurationError, Findings, Mistake
from .fields import unknown_key
from .json_text import read_json, repeated_keys
from .models import TWO_LISTS, VARIABLE, unified_drafts
from .options import (
    NAMES,
    SETTINGS,
    Folders,
    Setting,
    Settings,
    folders,
    layer_of_file,
    layer_of_flags,
    layer_of_variables,
    misspelt_variables,
    read_settings,
)
from .provider_rows import (
    ProviderRow,
    RowReader,
    address_variable,
    read_base_url,
    route_complaint,
)
from .sources import FileSeen, SourceFile, open_source, read_dotenv, read_toml

__all__ = [
    "SETTINGS",
    "Configuration",
    "ConfigurationError",
    "ProviderRow",
    "Setting",
    "Settings",
    "load_configuration",
]

PROVIDERS: Final = "PROVIDERS"
_TOP_LEVEL: Final = (*NAMES, "models", "providers")


class Configuration(Struct, frozen=True):
    """What the operator said, checked.

    `environ` is the process environment over `.env`, without blank variables and with its keys
    cleaned. `file_models` is the raw `[[models]]` of the file, `None` if it has none. `sources`
    are the files that were read, `looked_at` all that were looked for, as they were then.
    `secrets` are the values that may stand in no log.
    """

    settings: Settings
    environ: Mapping[str, str]
    provider_rows: tuple[ProviderRow, ...]
    file_models: object
    warnings: tuple[str, ...]
    sources: tuple[Path, ...]
    looked_at: tuple[FileSeen, ...]
    secrets: tuple[Secret, ...]


class _Read(Struct, frozen=True):
    """The sources as they were read: variables, the first on top, and the file's table."""

    variables: tuple[Variables, ...]
    table: Mapping[str, object]
    dotenv: SourceFile
    toml: SourceFile


def load_configuration(  # noqa: PLR0913 - each names a source, or a fact of what is configured
    *,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    cwd: Path,
    config_file: Path | None,
    env_file: Path | None,
    families: Collection[str],
    wires: Mapping[str, Collection[str]] = MappingProxyType({}),
    features: Collection[str] = (),
    built_in: Collection[str] = (),
    replaceable: Collection[str] = (),
    key_variables: Collection[str] = (),
) -> Configuration:
    """Read the configuration: flags over `environ` over `.env` over `dragoman.toml`.

    `flags` are named like the settings; `None` is a flag that was not given. `config_file` and
    `env_file` must exist if they are given; `./dragoman.toml` and `./.env` may be missing.
    `families` are what a row of the operator's may speak, `wires` the wire formats that each of
    them can be asked in, `features` the words that are known to be of use in its `without`,
    `built_in` the ids of the providers there are without it (those that are `replaceable` may be
    defined anew), `key_variables` the variables of their keys.
    Raises `ConfigurationError` with every mistake at once; it contains no value of a key.
    """
    findings = Findings()
    read = _read_sources(environ, cwd, config_file, env_file, findings)
    where = folders(cwd, environ)
    _check_top_level(read, findings)
    fixed = frozenset(built_in) - frozenset(replaceable)
    reader = RowReader(findings, families=families, wires=wires, fixed=fixed, features=features)
    rows = _read_rows(read, reader, findings)
    _check_addresses((*built_in, *(row.id for row in rows)), read, findings)
    keys = {row.api_key_env for row in rows if row.api_key_env is not None} | set(key_variables)
    environment = merged(read.variables, keys, findings)
    settings = _read_settings(flags, read, where, findings)
    file_models = read.table.get("models")
    _check_one_list(read, findings)
    if findings:  # the list is read later, with the providers; now that all fails, say it at once
        unified_drafts(environment, findings, facts=None, file_models=file_models)
    findings.settle()
    _warn_of_rows_without_models(rows, read, findings)
    files = (read.dotenv, read.toml)
    return Configuration(
        settings=settings,
        environ=environment,
        provider_rows=rows,
        file_models=file_models,
        warnings=findings.warnings,
        sources=tuple(file.seen.path for file in files if file.text is not None),
        looked_at=tuple(file.seen for file in files),
        secrets=findings.secrets,
    )


def _read_sources(
    environ: Mapping[str, str],
    cwd: Path,
    config_file: Path | None,
    env_file: Path | None,
    findings: Findings,
) -> _Read:
    dotenv = open_source(
        cwd / (env_file or ".env"), asked_for="--env-file" if env_file else None, findings=findings
    )
    toml = open_source(
        cwd / (config_file or "dragoman.toml"),
        asked_for="--config" if config_file else None,
        findings=findings,
    )
    variables = (
        Variables("the environment", environ),
        Variables(dotenv.place, read_dotenv(dotenv, findings)),
    )
    return _Read(variables, read_toml(toml, findings), dotenv, toml)


def _check_top_level(read: _Read, findings: Findings) -> None:
    for key in read.table:
        if key in _TOP_LEVEL:
            continue
        variable = key.isupper()
        cure = "variables belong in .env, not here" if variable else unknown_key(key, _TOP_LEVEL)
        findings.problem(f"{read.toml.place}: {f'{key}: ' if variable else ''}{cure}")


def _read_rows(read: _Read, reader: RowReader, findings: Findings) -> tuple[ProviderRow, ...]:
    given = first_given(PROVIDERS, read.variables)
    if given is not None:
        text, place = given
        try:
            raw = read_json(text)
            for complaint in repeated_keys(raw, PROVIDERS):
                findings.problem(complaint)
            reader.read(raw, PROVIDERS)
        except Mistake as mistake:
            findings.problem(f"{place}: {mistake}")
    if "providers" in read.table:
        reader.read(read.table["providers"], f"{read.toml.place}: providers")
    return reader.rows


def _check_addresses(providers: tuple[str, ...], read: _Read, findings: Findings) -> None:
    for provider in providers:
        given = first_given(address_variable(provider), read.variables)
        if given is None:
            continue
        text, place = given
        try:
            route = route_complaint(read_base_url(text))
        except Mistake as mistake:
            findings.problem(f"{place}: {mistake}")
            continue
        if route is not None:
            findings.warning(f"{place}: {route}")


def _read_settings(
    flags: Mapping[str, object], read: _Read, where: Folders, findings: Findings
) -> Settings:
    process, written = read.variables
    layers = (
        layer_of_flags(flags, where),
        layer_of_variables(process, where, where.cwd),
        layer_of_variables(written, where, read.dotenv.seen.path.parent),
        layer_of_file(read.table, read.toml.place, where, read.toml.seen.path.parent),
    )
    for variables in read.variables:
        misspelt_variables(variables, findings)
    return read_settings(layers, where, findings)


def _check_one_list(read: _Read, findings: Findings) -> None:
    given = first_given(VARIABLE, read.variables)
    if given is not None and "models" in read.table:
        findings.problem(TWO_LISTS.format(given[1], read.toml.place))


def _warn_of_rows_without_models(
    rows: tuple[ProviderRow, ...], read: _Read, findings: Findings
) -> None:
    if first_given(VARIABLE, read.variables) is not None or "models" in read.table:
        return
    for row in rows:
        if row.models_env is None or first_given(row.models_env, read.variables) is None:
            findings.warning(
                f"provider {row.id!r} is defined, and no model of it is listed: name one in "
                f'{VARIABLE}, with "provider": "{row.id}"'
            )
