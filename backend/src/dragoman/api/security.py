"""What every answer tells a browser, whoever wrote it."""

from typing import Final

SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""Take the type as it is given; tell no other site where you come from; share no window."""
