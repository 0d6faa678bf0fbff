"""Unknown fields of a stream's chunks, gathered into what a whole reply would have said."""

from dragoman.chat import Json, JsonObject


class Snapshot:
    """Fields that each chunk tells anew and in full, as `groundingMetadata` is."""

    def __init__(self) -> None:
        self.fields: JsonObject = {}

    def add(self, piece: JsonObject) -> None:
        """Take what the next chunk tells."""
        if piece:
            self.fields = _newer(self.fields, piece)


def _newer(told: JsonObject, later: JsonObject) -> JsonObject:
    return told | {name: _newest(told.get(name), value) for name, value in later.items()}


def _newest(told: Json, later: Json) -> Json:
    match told, later:
        case dict(), dict():
            return _newer(told, later)
        case _, None | {} | []:
            return later if told is None else told
        case _:
            return later
