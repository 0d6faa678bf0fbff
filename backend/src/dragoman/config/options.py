"""The settings of the server itself: what each is called in every source, and how it is read."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Generic, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from .environment import Variables
from .errors import Findings, Mistake
from .wording import did_you_mean, kind_of, listing, quoted

T = TypeVar("T")

LOG_LEVELS: Final = ("debug", "info", "warning", "error", "critical")
_LONGEST_WAIT: Final = 86_400
_MOST_DAYS: Final = 3650
_MOST_WORKERS: Final = 64
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


class Settings(Struct, frozen=True):
    """How the server runs. Relative paths are resolved; `log_level` is in lower case; timeouts are
    in seconds.

    `local_model` is the weights of the embedded model, `None` for those that come with it. `strict`
    refuses what a model cannot be asked in full, for every client.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    log_level: str = "info"
    debug: bool = False
    allowed_hosts: tuple[str, ...] = ()
    insecure_no_auth: bool = False
    trust_proxies: bool = False
    allow_unlisted_models: bool = False
    keep_responses_days: int = 30
    check_providers: bool = True
    local_model: Path | None = None
    strict: bool = False
    connect_timeout: float = 5.0
    first_byte_timeout: float = 60.0
    first_token_timeout: float = 120.0
    idle_timeout: float = 60.0
    total_timeout: float = 600.0


class Given(Struct, frozen=True):
    """A value somebody wrote: where, and the folder and home its paths are relative to."""

    label: str
    value: object
    base: Path
    home: Path


Layer = Mapping[str, Given]


class Setting(Struct, Generic[T], frozen=True):
    """One setting: its name (in the file and among the flags), its variable, its reader, its use.

    A `shared` variable may belong to another program: a value nobody here can read is then left
    with a warning.
    """

    name: str
    variable: str
    read: Callable[[Given], T]
    says: str
    shared: bool = False


def _host(given: Given) -> str:
    text = _string(given)
    if not text.isascii() or any(character.isspace() or character in "/@" for character in text):
        raise Mistake(f"{quoted(text)} is not a host: write a name or an address, as 127.0.0.1")
    return text.removeprefix("[").removesuffix("]")


def _hosts(given: Given) -> tuple[str, ...]:
    items = given.value if isinstance(given.value, list) else _string(given).split(",")
    return tuple(_host(replace(given, value=item)).lower() for item in items)


def _port(given: Given) -> int:
    value = given.value
    text = str(value).strip() if isinstance(value, int | str) else ""
    # The length keeps thousands of digits away from int().
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        shown = quoted(value) if isinstance(value, str) else kind_of(value)
        raise Mistake(f"{shown} is not a port: write a number from 0 to 65535")
    return int(text)


def _days(given: Given) -> int:
    return _whole(given, range(_MOST_DAYS + 1), "days")


def _workers(given: Given) -> int:
    return _whole(given, range(1, _MOST_WORKERS + 1), "workers")


def _whole(given: Given, allowed: range, of_what: str) -> int:
    value = given.value
    text = str(value).strip() if isinstance(value, int | str) else ""
    # The length keeps thousands of digits away from int().
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and int(text) in allowed):
        shown = quoted(value) if isinstance(value, str) else kind_of(value)
        span = f"from {allowed[0]} to {allowed[-1]}"
        raise Mistake(f"{shown} is no number of {of_what}: write a whole one {span}")
    return int(text)


def _log_level(given: Given) -> str:
    text = _string(given)
    if text.lower() not in LOG_LEVELS:
        raise Mistake(
            f"{quoted(text)} is not a level{did_you_mean(text, LOG_LEVELS)}: "
            f"write one of {listing(LOG_LEVELS)}"
        )
    return text.lower()


def _boolean(given: Given) -> bool:
    if isinstance(given.value, bool):
        return given.value
    text = _string(given)
    if text.lower() not in _BOOLEANS:
        raise Mistake(f"{quoted(text)} is neither true nor false: write one of them")
    return _BOOLEANS[text.lower()]


def _seconds(given: Given) -> float:
    value = given.value
    try:
        seconds = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    if isinstance(value, bool) or not 0 < seconds <= _LONGEST_WAIT:
        shown = quoted(value) if isinstance(value, str) else kind_of(value)
        raise Mistake(f"{shown} is no time: write seconds, above 0 and up to {_LONGEST_WAIT}")
    return seconds


def _path(given: Given) -> Path:
    text = str(given.value) if isinstance(given.value, Path) else _string(given)
    if not text.isprintable():
        raise Mistake("the path contains a control character: write it again")
    parts = Path(text).parts
    path = given.home.joinpath(*parts[1:]) if parts and parts[0] == "~" else Path(text)
    return given.base / path


def _file(given: Given) -> Path:
    path = _path(given)
    if not path.is_file():
        # As it was written: a tidied path might hide that it is a key.
        seen_from = "" if path == Path(str(given.value)) else f", seen from {given.base}"
        written = quoted(str(given.value).strip())
        raise Mistake(f"there is no file {written}{seen_from}: correct the path, or take it out")
    return path


def _string(given: Given) -> str:
    if not isinstance(given.value, str):
        raise Mistake(f"this must be a string, not {kind_of(given.value)}")
    if not given.value.strip():
        raise Mistake("it is blank: write a value, or take it out")
    return given.value.strip()


HOST: Final = Setting("host", "DRAGOMAN_HOST", _host, "the address to listen on")
PORT: Final = Setting("port", "DRAGOMAN_PORT", _port, "the port to listen on; 0 takes a free one")
WORKERS: Final = Setting(
    "workers", "DRAGOMAN_WORKERS", _workers, "how many processes answer, one for each core at most"
)
DATA_DIR: Final = Setting("data_dir", "DRAGOMAN_DATA_DIR", _path, "the folder of what is stored")
LOG_LEVEL: Final = Setting("log_level", "LOG_LEVEL", _log_level, "how much is logged")
DEBUG: Final = Setting(
    "debug", "DEBUG", _boolean, "error bodies name the class of the error", shared=True
)
ALLOWED_HOSTS: Final = Setting(
    "allowed_hosts",
    "DRAGOMAN_ALLOWED_HOSTS",
    _hosts,
    "further names that clients may use for this server, as behind a proxy",
)
INSECURE_NO_AUTH: Final = Setting(
    "insecure_no_auth",
    "DRAGOMAN_INSECURE_NO_AUTH",
    _boolean,
    "listen beyond this machine without authentication",
)
TRUST_PROXIES: Final = Setting(
    "trust_proxies",
    "DRAGOMAN_TRUST_PROXIES",
    _boolean,
    "reach providers through the proxy that HTTP_PROXY and HTTPS_PROXY name",
)
ALLOW_UNLISTED_MODELS: Final = Setting(
    "allow_unlisted_models",
    "DRAGOMAN_ALLOW_UNLISTED_MODELS",
    _boolean,
    "let requests name any model of a provider that has a key, as provider/model",
)
KEEP_RESPONSES_DAYS: Final = Setting(
    "keep_responses_days",
    "DRAGOMAN_KEEP_RESPONSES_DAYS",
    _days,
    "how long what /v1/responses answers can be come back to; 0 keeps nothing",
)
CHECK_PROVIDERS: Final = Setting(
    "check_providers",
    "DRAGOMAN_CHECK_PROVIDERS",
    _boolean,
    "ask providers now and then for their list of models, to know how they do",
)
LOCAL_MODEL: Final[Setting[Path | None]] = Setting(
    "local_model", "DRAGOMAN_LOCAL_MODEL", _file, "the weights (.gguf) of the embedded model"
)
STRICT: Final = Setting(
    "strict",
    "DRAGOMAN_STRICT",
    _boolean,
    "refuse what a model cannot be asked in full, rather than leave anything out",
)
CONNECT_TIMEOUT: Final = Setting(
    "connect_timeout", "DRAGOMAN_CONNECT_TIMEOUT", _seconds, "until a provider is reached"
)
FIRST_BYTE_TIMEOUT: Final = Setting(
    "first_byte_timeout", "DRAGOMAN_FIRST_BYTE_TIMEOUT", _seconds, "until its answer begins"
)
FIRST_TOKEN_TIMEOUT: Final = Setting(
    "first_token_timeout", "DRAGOMAN_FIRST_TOKEN_TIMEOUT", _seconds, "until its first event"
)
IDLE_TIMEOUT: Final = Setting(
    "idle_timeout", "DRAGOMAN_IDLE_TIMEOUT", _seconds, "from one event to the next"
)
TOTAL_TIMEOUT: Final = Setting(
    "total_timeout", "DRAGOMAN_TOTAL_TIMEOUT", _seconds, "until the answer is whole"
)

AnySetting: TypeAlias = (
    Setting[str]
    | Setting[int]
    | Setting[float]
    | Setting[bool]
    | Setting[Path]
    | Setting[Path | None]
    | Setting[tuple[str, ...]]
)
SETTINGS: Final[tuple[AnySetting, ...]] = (
    HOST,
    PORT,
    WORKERS,
    DATA_DIR,
    LOG_LEVEL,
    DEBUG,
    ALLOWED_HOSTS,
    INSECURE_NO_AUTH,
    TRUST_PROXIES,
    ALLOW_UNLISTED_MODELS,
    KEEP_RESPONSES_DAYS,
    CHECK_PROVIDERS,
    LOCAL_MODEL,
    STRICT,
    CONNECT_TIMEOUT,
    FIRST_BYTE_TIMEOUT,
    FIRST_TOKEN_TIMEOUT,
    IDLE_TIMEOUT,
    TOTAL_TIMEOUT,
)
NAMES: Final = tuple(setting.name for setting in SETTINGS)


class Folders(Struct, frozen=True):
    """Where relative paths and `~` lead: the working folder, the home, the user's data."""

    cwd: Path
    home: Path
    data: Path


def folders(cwd: Path, environ: Mapping[str, str]) -> Folders:
    """Find the folders; data go where the XDG Base Directory Specification puts them."""
    home = Path(environ.get("HOME") or cwd)
    user_data = Path(environ.get("XDG_DATA_HOME") or "")
    if not user_data.is_absolute():  # the specification: a relative path is to be ignored
        user_data = home / ".local" / "share"
    return Folders(cwd, home, user_data / "dragoman")


def layer_of_flags(flags: Mapping[str, object], where: Folders) -> Layer:
    """Take the flags by the names of their settings; `None` is a flag that was not given."""
    unknown = sorted(set(flags) - set(NAMES))
    if unknown:
        raise TypeError(f"these flags are no settings: {listing(unknown)}")
    return {
        name: Given(f"--{name.replace('_', '-')}", value, where.cwd, where.home)
        for name, value in flags.items()
        if value is not None
    }


def layer_of_variables(variables: Variables, where: Folders, base: Path) -> Layer:
    """Take the settings that stand in a source of variables; blank ones are as unset."""
    layer = {}
    for setting in SETTINGS:
        value = variables.given(setting.variable)
        if value is not None:
            label = f"{setting.variable} in {variables.place}"
            layer[setting.name] = Given(label, value, base, where.home)
    return layer


def layer_of_file(table: Mapping[str, object], place: str, where: Folders, base: Path) -> Layer:
    """Take the settings that stand at the top of `dragoman.toml`."""
    return {
        name: Given(f"{place}: {name}", table[name], base, where.home)
        for name in NAMES
        if name in table
    }


def read_settings(layers: tuple[Layer, ...], where: Folders, findings: Findings) -> Settings:
    """Read every setting from the first layer that has it; note what cannot be read."""

    def ask(setting: Setting[T], default: T) -> T:
        for layer in layers:
            given = layer.get(setting.name)
            if given is None:
                continue
            try:
                return setting.read(given)
            except Mistake as mistake:
                if setting.shared and given.label.startswith(setting.variable):
                    findings.warning(f"{given.label}: {mistake} (not read)")
                    continue
                findings.problem(f"{given.label}: {mistake}")
                return default
        return default

    return Settings(
        host=ask(HOST, "127.0.0.1"),
        port=ask(PORT, 8000),
        workers=ask(WORKERS, 1),
        data_dir=ask(DATA_DIR, where.data),
        log_level=ask(LOG_LEVEL, "info"),
        debug=ask(DEBUG, default=False),
        allowed_hosts=ask(ALLOWED_HOSTS, ()),
        insecure_no_auth=ask(INSECURE_NO_AUTH, default=False),
        trust_proxies=ask(TRUST_PROXIES, default=False),
        allow_unlisted_models=ask(ALLOW_UNLISTED_MODELS, default=False),
        keep_responses_days=ask(KEEP_RESPONSES_DAYS, 30),
        check_providers=ask(CHECK_PROVIDERS, default=True),
        local_model=ask(LOCAL_MODEL, None),
        strict=ask(STRICT, default=False),
        connect_timeout=ask(CONNECT_TIMEOUT, 5.0),
        first_byte_timeout=ask(FIRST_BYTE_TIMEOUT, 60.0),
        first_token_timeout=ask(FIRST_TOKEN_TIMEOUT, 120.0),
        idle_timeout=ask(IDLE_TIMEOUT, 60.0),
        total_timeout=ask(TOTAL_TIMEOUT, 600.0),
    )


def misspelt_variables(variables: Variables, findings: Findings) -> None:
    """Warn of a variable that is nearly, and not quite, the name of a setting."""
    known = [setting.variable for setting in SETTINGS]
    for name in sorted(variables.values):
        near = did_you_mean(name, known, cutoff=0.85) if name.startswith("DRAGOMAN_") else ""
        if near and name not in known:
            findings.warning(f"{name} in {variables.place}: nobody reads this variable{near}")
