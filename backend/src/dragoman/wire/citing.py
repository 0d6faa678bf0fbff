"""Where a reply says that it has its words from, gathered for clients that are told at its end.

    responses   a text's annotations: {"type": "url_citation", "url", "title", "start_index", …}
    messages    a text's citations: {"type": "web_search_result_location", "url", "title", …}
    chat        a message's annotations: {"type": "url_citation", "url_citation": {…}}

Places are counted in characters: of the text they stand with, and in the end of all texts together.
"""

from collections.abc import Iterable, Iterator

from dragoman.chat import Extras, Json, JsonObject, Part, Text


class Citations:
    """The addresses that the texts of one reply cite, whole or as they come."""

    def __init__(self) -> None:
        self._before = 0
        self._length = 0
        self._told: list[Json] = []
        self._found: list[JsonObject] = []

    def add(self, text: str, extras: Extras | None) -> None:
        """Take a piece of the open text, and what another format says beside it."""
        self._length += len(text)
        match extras:
            case None:
                pass
            case Extras("openai_responses", {"annotations": [*told]}):
                self._told += told
            case Extras("anthropic_messages", {"citations": [*told]}):
                self._told += told

    def end(self) -> None:
        """Take the end of the open text."""
        self._found += self._cited()
        self._before, self._length, self._told = self._before + self._length, 0, []

    def _cited(self) -> Iterator[JsonObject]:
        for told in self._told:
            match told:
                case {
                    "type": "url_citation",
                    "url": str(url),
                    "start_index": int(start),
                    "end_index": int(end),
                }:
                    yield self._citation(url, told, start, end)
                case {"type": "web_search_result_location", "url": str(url)}:
                    yield self._citation(url, told, 0, self._length)

    def _citation(self, url: str, told: JsonObject, start: int, end: int) -> JsonObject:
        place = {"start_index": self._before + start, "end_index": self._before + end}
        cited = {**place, "url": url, "title": told.get("title") or url}
        return {"type": "url_citation", "url_citation": cited}

    def annotations(self) -> JsonObject:
        """Write the field of a chat's message; nothing if nothing is cited."""
        return {"annotations": self._found} if self._found else {}


def annotations_of(parts: Iterable[Part]) -> JsonObject:
    """Write the field of a chat's message for the parts of a whole reply."""
    citations = Citations()
    for part in parts:
        if isinstance(part, Text):
            citations.add(part.text, part.extras)
            citations.end()
    return citations.annotations()
