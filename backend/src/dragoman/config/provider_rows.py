"""Providers of the operator's own: rows of data from `[providers.<id>]` or `PROVIDERS`."""

import ipaddress
import re
from collections.abc import Collection, Mapping
from typing import Final, final
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Struct

from .entries import LONGEST_NAME, read_words
from .errors import Findings, Mistake
from .fields import Readers, read_fields
from .wording import did_you_mean, kind_of, listing, quoted

PROVIDER_ID: Final = re.compile(r"[a-z][a-z0-9_-]*")
_LONGEST_ID: Final = 64
_LONGEST_URL: Final = 2000
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# RFC 9110, section 5.6.2: the characters of a header's name.
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE: Final = re.compile(r"[ -~]*")
# They belong to the connection, and to the body that is sent over it.
_NOT_YOURS: Final = frozenset(
    {"connection", "content-encoding", "content-length", "content-type", "host", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)

# What a wire format adds to an address by itself, the longer before what it ends in.
_ROUTES: Final = ("/chat/completions", "/completions", "/v1/messages", "/messages", "/api/chat")

# `reasoning_format` is a field of its own, and not a slip of the pen for `reasoning_effort`.
_NEARLY_THE_SAME: Final = 0.88


class ProviderRow(Struct, frozen=True):
    """A provider by configuration alone.

    It `speaks` the wire family of that name at `base_url` (without a slash at its end), sends
    `headers` with each request, and takes no feature named in `without`. `wires` are the wire
    formats of its family that it can be asked in, the usual one first; empty: the family's first.
    """

    id: str
    name: str
    speaks: str
    base_url: str
    api_key_env: str | None = None
    models_env: str | None = None
    headers: dict[str, str] = {}
    without: tuple[str, ...] = ()
    wires: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show the row without the values of its headers, which may be secret."""
        return (
            f"ProviderRow(id={self.id!r}, name={self.name!r}, speaks={self.speaks!r}, "
            f"base_url={self.base_url!r}, api_key_env={self.api_key_env!r}, "
            f"headers={sorted(self.headers)!r}, without={self.without!r}, wires={self.wires!r})"
        )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Mistake(f"this must be a string, not {kind_of(value)}")
    if not value.strip() or not value.strip().isprintable():
        raise Mistake("it is blank or contains a control character: write it again")
    return value.strip()


def _name(value: object) -> str:
    text = _text(value)
    if len(text) > LONGEST_NAME:
        raise Mistake(f"{len(text)} characters are too many: shorten it to {LONGEST_NAME}")
    return text


def _variable(value: object) -> str:
    text = _text(value)
    if not _VARIABLE.fullmatch(text):
        # It is not quoted: people put the key itself here.
        raise Mistake("this must be the name of a variable, such as MY_API_KEY, not a key")
    return text


def read_base_url(value: object) -> str:
    """Read the address of a provider. Raises `Mistake`; credentials are never repeated."""
    text = _text(value)
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise Mistake('this is not an address such as "https://host.example/v1"') from None
    if len(text) > _LONGEST_URL or re.search(r"\s|\\", text) or not text.isascii():
        raise Mistake("an address has no white space, no backslash and only ASCII characters")
    if url.scheme not in ("http", "https") or not url.hostname or port == 0:
        raise Mistake('this must begin with http:// or https:// and a host, as "https://host/v1"')
    if url.username is not None or url.password is not None:
        raise Mistake("take user and password out of it: a key belongs in 'api_key_env'")
    if "?" in text or "#" in text:
        raise Mistake("take out what follows '?' or '#': paths are added to this address")
    return text.rstrip("/")


def route_complaint(address: str) -> str | None:
    """Give a warning about an address that ends in a route, which would be added to it again."""
    ending = address.lower()
    route = next((route for route in _ROUTES if ending.endswith(route)), None)
    return route and f"leave the route out: base_url ends before {route!r}"


def address_variable(provider: str) -> str:
    """Give the name of the variable that sends a provider's requests elsewhere."""
    return f"{provider.upper().replace('-', '_')}_BASE_URL"


def _headers(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Mistake(f'this must be an object such as {{"X-Title": "home"}}, not {kind_of(value)}')
    for name, content in value.items():
        if not _HEADER_NAME.fullmatch(name):
            raise Mistake(f"{quoted(name)} cannot be the name of a header")
        if name.lower() in _NOT_YOURS:
            raise Mistake(f"the header {quoted(name)} is set by the connection: take it out")
        if not isinstance(content, str) or not _HEADER_VALUE.fullmatch(content):
            raise Mistake(f"the value of {quoted(name)} must be a string of ASCII on one line")
    folded = {name.lower() for name in value}
    if len(folded) < len(value):
        raise Mistake("a header is named twice, in two spellings: keep one")
    return {name: content.strip() for name, content in value.items()}


_FIELDS: Final[Readers] = {
    "name": _name,
    "speaks": _text,
    "base_url": read_base_url,
    "api_key_env": _variable,
    "models_env": _variable,
    "headers": _headers,
    "without": read_words,
    "wires": read_words,
}
_REQUIRED: Final = ("name", "speaks", "base_url")


@final
class RowReader:
    """Reads rows from several places into one list; an id may stand only once.

    `families` are the names a row may say it `speaks`, `wires` the formats of each that a row of it
    may name; `fixed` are ids that no row may have; `features` are words known to be of use in
    `without`, which takes any other word, too.
    """

    def __init__(
        self,
        findings: Findings,
        *,
        families: Collection[str],
        wires: Mapping[str, Collection[str]],
        fixed: Collection[str],
        features: Collection[str],
    ) -> None:
        self._findings = findings
        self._families = families
        self._wires = wires
        self._fixed = fixed
        self._features = features
        self._places: dict[str, str] = {}
        self._rows: list[ProviderRow] = []

    @property
    def rows(self) -> tuple[ProviderRow, ...]:
        """The rows that were read without a mistake, in their order."""
        return tuple(self._rows)

    def read(self, raw: object, place: str) -> None:
        """Read an object of rows by id; `place` is how it is called in complaints."""
        if not isinstance(raw, dict):
            self._findings.problem(
                f"{place}: this must be an object of providers by their id, not {kind_of(raw)}"
            )
            return
        for identity, fields in raw.items():
            here = f"{place}.{identity}" if PROVIDER_ID.fullmatch(identity) else place
            try:
                self._take_id(identity, here)
            except Mistake as mistake:
                self._findings.problem(f"{here}: {mistake}")
            if isinstance(fields, dict):
                self._read_row(identity, fields, here)
            else:
                self._findings.problem(f"{here}: this must be an object, not {kind_of(fields)}")

    def _take_id(self, identity: str, here: str) -> None:
        if not PROVIDER_ID.fullmatch(identity) or len(identity) > _LONGEST_ID:
            raise Mistake(
                f"{quoted(identity)} cannot be the id of a provider: use lower-case letters, "
                "digits, - and _, beginning with a letter"
            )
        if identity in self._fixed:
            raise Mistake(
                f"the provider {identity!r} is built in: choose another id, or set "
                f"{address_variable(identity)} to send its requests elsewhere"
            )
        if identity in self._places:
            raise Mistake(
                f"the provider {identity!r} is defined in {self._places[identity]} too: keep one"
            )
        self._places[identity] = here

    def _read_row(self, identity: str, raw: Mapping[str, object], here: str) -> None:
        before = len(self._findings)
        readers = {**_FIELDS, "speaks": self._family}
        fields = read_fields(raw, readers, required=_REQUIRED, place=here, findings=self._findings)
        if len(self._findings) > before:
            return
        row = msgspec.convert({"id": identity, **fields}, ProviderRow)
        for content in row.headers.values():
            self._findings.secret(content)
        self._check_wires(row, here)
        self._warn_of_misspelt_features(row, here)
        route = route_complaint(row.base_url)
        if route is not None:
            self._findings.warning(f"{here}.base_url: {route}")
        self._warn_of_open_key(row, here)
        self._rows.append(row)

    def _family(self, value: object) -> str:
        family = _text(value)
        if family not in self._families:
            raise Mistake(
                f"nothing here speaks {quoted(family)}{did_you_mean(family, self._families)}: "
                f"the wire formats are {listing(sorted(self._families))}"
            )
        return family

    def _check_wires(self, row: ProviderRow, here: str) -> None:
        known = self._wires.get(row.speaks, ())
        for wire in row.wires:
            if wire not in known:
                self._findings.problem(
                    f"{here}.wires: nothing that speaks {row.speaks!r} knows {quoted(wire)}"
                    f"{did_you_mean(wire, known)}: there are {listing(known)}"
                )

    def _warn_of_misspelt_features(self, row: ProviderRow, here: str) -> None:
        for word in row.without:
            meant = did_you_mean(word, self._features, cutoff=_NEARLY_THE_SAME)
            if meant and word not in self._features:
                self._findings.warning(
                    f"{here}.without: no feature is called {quoted(word)}{meant}: "
                    "as it stands, only a field of that name is left out"
                )

    def _warn_of_open_key(self, row: ProviderRow, here: str) -> None:
        url = urlsplit(row.base_url)
        if row.api_key_env is not None and url.scheme == "http" and not _is_loopback(url):
            self._findings.warning(
                f"{here}.base_url: the key in {row.api_key_env} travels unencrypted to "
                f"{url.hostname}: use https:// if the way there is not your own"
            )


def _is_loopback(url: SplitResult) -> bool:
    host = (url.hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
