"""What a breakage on the way to a provider is called, whichever client met it."""

from typing import Final

from dragoman.chat import Failure, UpstreamError

# The first class that fits decides, so the special stand before the general. By their names: the
# classes of aiohttp, which takes long to import, are among them.
_REASONS: Final[tuple[tuple[str, str], ...]] = (
    ("ClientConnectorDNSError", "dns_error"),
    ("gaierror", "dns_error"),
    ("ClientSSLError", "tls_error"),
    ("ServerFingerprintMismatch", "tls_error"),
    ("SSLEOFError", "connection_reset"),  # they hung up instead of saying what is wrong
    ("SSLError", "tls_error"),
    ("ConnectionTimeoutError", "timeout_connect"),
    ("ServerTimeoutError", "timeout_idle"),
    ("ClientConnectorError", "connect_error"),
    ("ServerDisconnectedError", "premature_close"),
    ("ClientPayloadError", "premature_close"),
    ("ClientOSError", "connection_reset"),
    ("ClientConnectionError", "connection_reset"),
    ("InvalidURL", "bad_address"),
    ("NonHttpUrlClientError", "bad_address"),
    ("ClientResponseError", "bad_headers"),
    ("ClientError", "connect_error"),
    ("ConnectionError", "connection_reset"),
)


def reason_of(error: BaseException) -> str | None:
    """Give the reason that fits an exception best; `None` where it is none of a connection."""
    classes = {kind.__name__ for kind in type(error).__mro__}
    return next((reason for name, reason in _REASONS if name in classes), None)


def broken(host: str, reason: str, detail: str = "") -> UpstreamError:
    """Make the error that tells it; `host` is all of the address that is told."""
    told = f" ({detail})" if detail else ""
    return UpstreamError(
        Failure(reason=reason, message=f"{host}: {reason.replace('_', ' ')}{told}")
    )


def too_long(host: str, limit: int, *, packed: bool) -> UpstreamError:
    """Make the error of an answer of more than `limit` bytes; `packed` if it came compressed."""
    return UpstreamError(
        Failure(
            reason="decompressed_too_large" if packed else "body_too_large",
            message=f"{host}: the answer is longer than {limit >> 20} MiB",
        ),
    )
