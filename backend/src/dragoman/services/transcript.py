"""What a reply has said so far: it grows, and whoever follows it reads at a pace of their own.

hear(batch)* ─▶ close()
     └─▶ follow() ─▶ the last pieces as they came; what was missed, in lengths, from the whole
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from dragoman.chat import PartDelta, PartStart, Reasoning, StreamEvent, Text
from dragoman.services.providers import Batch

Kind: TypeAlias = Literal["text", "reasoning"]

RECENT: Final = 256
"""How many pieces are remembered as they came; whoever is further behind gets them joined."""

LENGTH: Final = 1 << 16
"""The most characters that are given at once to whoever is behind."""


class Passage(Struct, frozen=True):
    """Words in a row: of what was said (`text`), or of what was thought (`reasoning`)."""

    kind: Kind
    text: str


class Transcript:
    """The words of one reply. They are kept once, however many follow, and however slowly."""

    def __init__(self) -> None:
        self._said: dict[Kind, list[str]] = {"text": [], "reasoning": []}
        self._recent: deque[Passage] = deque(maxlen=RECENT)
        self._count = 0
        self._growing: Kind | None = None
        self._begun = False
        self._closed = False
        self._readers: set[_Reader] = set()

    @property
    def text(self) -> str:
        """What was said."""
        return _joined(self._said["text"])

    @property
    def reasoning(self) -> str:
        """What was thought."""
        return _joined(self._said["reasoning"])

    def hear(self, batch: Batch) -> int:
        """Keep what a batch says; tell how many bytes that is. Tool calls have no words here."""
        self._begun = True
        size = sum(map(self._hear, batch))
        self._tell()
        return size

    def _hear(self, event: StreamEvent) -> int:
        match event:
            case PartDelta(text=text):
                return self._keep(text)
            case PartStart(part=Text(text=text)):
                self._growing = "text"
                return self._keep(text)
            case PartStart(part=Reasoning(text=text)):
                self._growing = "reasoning"
                return self._keep(text)
            case PartStart():
                self._growing = None
                return 0
            case _:
                return 0

    def _keep(self, text: str) -> int:
        if not text or self._growing is None:
            return 0
        self._said[self._growing].append(text)
        self._recent.append(Passage(self._growing, text))
        self._count += 1
        return len(text.encode())

    def close(self) -> None:
        """Let every follower come to an end: nothing more will be heard."""
        self._closed = True
        self._tell()

    def _tell(self) -> None:
        for reader in self._readers:
            reader.news.set()

    async def follow(self) -> AsyncGenerator[tuple[Passage, ...], None]:
        """Give everything from the first word on, and what comes, until the end.

        What comes by without a word, such as the beginning, is given as an empty tuple.
        """
        reader = _Reader()
        self._readers.add(reader)
        if self._begun:
            reader.news.set()
        try:
            while not self._closed or reader.pieces < self._count:
                if reader.pieces == self._count:
                    await reader.news.wait()
                    reader.news.clear()
                    if self._closed:
                        continue
                yield self._next(reader)
        finally:
            self._readers.discard(reader)

    def _next(self, reader: "_Reader") -> tuple[Passage, ...]:
        missed = self._count - reader.pieces
        if missed > len(self._recent):
            return (self._catch_up(reader),)
        passages = tuple(self._recent[at] for at in range(-missed, 0))
        for passage in passages:
            reader.read[passage.kind] += len(passage.text)
        reader.pieces = self._count
        return passages

    def _catch_up(self, reader: "_Reader") -> Passage:
        """Give a length of what was missed, thoughts first; a reader is up to date after the last.

        There is something to give: whoever misses a piece misses characters.
        """
        text, reasoning = self.text, self.reasoning
        kind: Kind = "reasoning" if reader.read["reasoning"] < len(reasoning) else "text"
        whole = reasoning if kind == "reasoning" else text
        passage = Passage(kind, whole[reader.read[kind] : reader.read[kind] + LENGTH])
        reader.read[kind] += len(passage.text)
        if reader.read == {"text": len(text), "reasoning": len(reasoning)}:
            reader.pieces = self._count
        return passage


class _Reader:
    """How far somebody has come, in pieces and in characters."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.pieces = 0
        self.read: dict[Kind, int] = {"text": 0, "reasoning": 0}


def _joined(pieces: list[str]) -> str:
    """Join pieces, in place: the next time there is little to join."""
    if len(pieces) > 1:
        pieces[:] = ["".join(pieces)]
    return pieces[0] if pieces else ""
