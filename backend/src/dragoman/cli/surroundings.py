"""What can keep the server from its providers: proxies, the clock, certificates."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

_PROXIES: Final = ("https_proxy", "http_proxy", "all_proxy")
SKEW: Final = 300.0
"""By how many seconds a clock may be wrong: signatures and certificates bear no more."""


class Finding(Struct, frozen=True):
    """Something found, with its cure; `serious` is what surely keeps Dragoman from working."""

    text: str
    serious: bool = False


def proxy_findings(environ: Mapping[str, str], *, trusted: bool) -> Iterator[Finding]:
    """Look at the proxies that the process environment names.

    One that is not trusted is not used, and one that is must be an address of HTTP.
    """
    named = {
        name: value.strip()
        for name, value in environ.items()
        if name.lower() in _PROXIES and value.strip()
    }
    if named and not trusted:
        yield Finding(
            f"{' and '.join(sorted(named))} name a proxy, which is not used: if providers are out "
            "of reach without it, set DRAGOMAN_TRUST_PROXIES=true"
        )
    for name, value in named.items() if trusted else ():
        if (complaint := _proxy_complaint(value)) is not None:
            yield Finding(f"{name}: {complaint}", serious=True)


def _proxy_complaint(value: str) -> str | None:
    # The value itself is not told: it may hold a password.
    try:
        url = urlsplit(value)
        whole = bool(url.hostname) and url.port != 0
    except ValueError:
        whole, url = False, urlsplit("")
    if url.scheme.startswith("socks"):
        return "a SOCKS proxy is not supported: name an HTTP proxy, as http://host:3128"
    if not whole or url.scheme not in ("http", "https"):
        return "this is no address of a proxy: write it as http://host:3128"
    return None


def clock_finding(skews: Sequence[float]) -> Finding | None:
    """Judge how far this machine's clock was from those of the providers, in seconds.

    Positive is ahead. The nearest counts: one provider's own clock may be wrong.
    """
    nearest = min(skews, key=abs, default=0.0)
    if abs(nearest) <= SKEW:
        return None
    where = "ahead of" if nearest > 0 else "behind"
    return Finding(
        f"this machine's clock is {round(abs(nearest) / 60)} minutes {where} those of the "
        "providers: set it (`timedatectl set-ntp true`), or certificates and signed requests "
        "will be refused",
        serious=True,
    )


_EXPIRED: Final = "see whether this machine's clock is right"
_UNKNOWN_SIGNER: Final = (
    "nobody here knows who signed its certificate: install the system's CA certificates; where a "
    "proxy or the server signs for itself, set SSL_CERT_FILE to a file with that certificate"
)
_CERTIFICATES: Final[tuple[tuple[str, str], ...]] = (
    ("expired", f"its certificate has expired: {_EXPIRED}"),
    ("not yet valid", f"its certificate is not valid yet: {_EXPIRED}"),
    ("mismatch", "its certificate is another host's: correct the host in the base URL"),
    ("self-signed", _UNKNOWN_SIGNER),
    ("local issuer", _UNKNOWN_SIGNER),
    ("wrong version", "it does not speak TLS at that port: begin the base URL with http://"),
)


def tls_cure(error: BaseException) -> str | None:
    """Say what to do about a failed TLS connection, by what OpenSSL found; `None` if unknown."""
    cause: BaseException | None = error
    while cause is not None:
        said = str(cause).lower().replace("self signed", "self-signed").replace("_", " ")
        if isinstance(cause, ssl.SSLError) or "ssl" in said or "certificate" in said:
            for words, cure in _CERTIFICATES:
                if words in said:
                    return cure
        cause = cause.__cause__ or cause.__context__
    return None
