"""Receipts in the making, while a request is put into another wire's words."""

from dragoman.chat import Extras, Receipt


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

        Null, false and what is empty leave things as they are anyway.
        """
        if extras is None or extras.wire == self._wire:
            return
        for name, value in extras.fields.items():
            if value:
                self.dropped(f"{path}.{name}" if path else name, f"only {extras.wire} can say it")
