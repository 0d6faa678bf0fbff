"""Certificates for TLS tests, good and bad, from a little authority made with `openssl`."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OURS: Final = "IP:127.0.0.1"
_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Authority:
    """Somebody who vouches for servers; whoever trusts `certificate` trusts them."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "authority.pem"

    @property
    def _key(self) -> Path:
        return self.folder / "authority.key"

    def vouch(self, name: str, *, serves: str = OURS, days: int = 2, own: bool = False) -> Path:
        """Make a server's certificate with its key, in one file.

        `serves` is what it is for; negative `days` are over already; an `own` one vouches for
        itself.
        """
        key, request, wishes, certificate, both = (
            self.folder / f"{name}.{kind}" for kind in ("key", "csr", "ext", "crt", "pem")
        )
        wishes.write_text(f"subjectAltName={serves}\nbasicConstraints=CA:FALSE\n")
        _openssl("req", "-new", *_KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        issuer = ("-signkey", key) if own else ("-CA", self.certificate, "-CAkey", self._key)
        _openssl(
            *("x509", "-req", "-in", request, *issuer, "-set_serial", "7", "-days", str(days)),
            *("-extfile", wishes, "-out", certificate),
        )
        both.write_text(key.read_text() + certificate.read_text())
        return both


def found(folder: Path) -> Authority:
    """Set up an authority."""
    authority = Authority(folder)
    _openssl(
        *("req", "-x509", *_KEY, "-subj", "/CN=Authority", "-days", "2"),
        *("-keyout", folder / "authority.key", "-out", authority.certificate),
    )
    return authority


def server_context(certificate: Path, *, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """Serve with a certificate; `newest` is the newest version of TLS that is spoken."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if newest is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = newest
    return context


def _openssl(*words: str | Path) -> None:
    done = subprocess.run(["openssl", *words], capture_output=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr.decode()
