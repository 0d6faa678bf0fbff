"""Unknown fields of a stream's chunks, gathered into what a whole reply would have said."""

from dragoman.chat import Json, JsonObject, merge_objects


class Gathered:
    """Fields that come in pieces, as a choice's `logprobs` do, or a delta's `annotations`."""

    def __init__(self) -> None:
        self.fields: JsonObject = {}
        self._last: JsonObject = {}
        self.repeats = True
        """Whether the last piece would change nothing if it came again."""

    def add(self, piece: JsonObject) -> None:
        """Take the next piece."""
        if self.repeats and piece == self._last:
            return
        self.fields = merge_objects(self.fields, piece) if self.fields else piece
        self._last = piece
        # Most chunks say the same (`logprobs: null`), and saying that twice changes nothing.
        self.repeats = not any(piece.values()) or merge_objects(piece, piece) == piece


class Snapshot:
    """Fields that each chunk tells anew and in full, as a search's `citations` are."""

    def __init__(self) -> None:
        self.fields: JsonObject = {}
        self._last: JsonObject = {}

    def add(self, piece: JsonObject) -> None:
        """Take what the next chunk tells."""
        if piece != self._last:
            self.fields = _newer(self.fields, piece) if self.fields else piece
            self._last = piece


def _newer(told: JsonObject, later: JsonObject) -> JsonObject:
    return told | {name: _newest(told.get(name), value) for name, value in later.items()}


def _newest(told: Json, later: Json) -> Json:
    match told, later:
        case dict(), dict():
            return _newer(told, later)
        case _, None:
            return told
        case _:
            return later
