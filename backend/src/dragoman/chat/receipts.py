"""What a translation changed, told to whoever asked."""

from typing import Literal

from msgspec import Struct


class Receipt(Struct, frozen=True):
    """One change: which `field` of the request was dropped, renamed or emulated, and why."""

    field: str
    action: Literal["dropped", "renamed", "emulated"]
    reason: str
