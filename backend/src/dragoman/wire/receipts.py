"""Receipts in the making, while a request is put into another wire's words."""

from typing import Final

from dragoman.chat import Extras, Json, Receipt

_IDLE: Final[dict[str, tuple[Json, ...]]] = {
    "truncation": ("disabled",),
    "service_tier": ("auto", "default"),
    "verbosity": ("medium",),
    "text": ({"verbosity": "medium"},),
    "modalities": (["text"],),
    "generationConfig.responseModalities": (["TEXT"],),
    # Other vendors' thoughts are shown, and their seals carried, to whoever wants them and who not.
    "include": (["reasoning.encrypted_content"],),
    "reasoning.summary": ("auto",),
    "reasoning.includeThoughts": (True,),
}
"""What asks, in one format, for no more than is so in each: nobody misses it."""


class Receipts:
    """What a translation into `wire` has changed so far."""

    def __init__(self, wire: str) -> None:
        self._wire = wire
        self._written: list[Receipt] = []

    def written(self) -> tuple[Receipt, ...]:
        """Give every receipt, in the order of the changes."""
        return tuple(self._written)

    def dropped(self, field: str, reason: str) -> None:
        """Tell that `field` was left out."""
        self._written.append(Receipt(field, "dropped", reason))

    def renamed(self, field: str, reason: str) -> None:
        """Tell that `field` says the same in another place or form."""
        self._written.append(Receipt(field, "renamed", reason))

    def emulated(self, field: str, reason: str) -> None:
        """Tell that `field` was put as nearly as it can be said."""
        self._written.append(Receipt(field, "emulated", reason))

    def left_behind(self, extras: Extras | None, path: str = "") -> None:
        """Tell of each field that only another wire has words for, unless it says nothing.

        Null, false and what is empty leave things as they are anyway, and so does what is idle.
        """
        if extras is None or extras.wire == self._wire:
            return
        for name, value in extras.fields.items():
            field = f"{path}.{name}" if path else name
            if value and value not in _IDLE.get(field, ()):
                self.dropped(field, f"only {extras.wire} can say it")
