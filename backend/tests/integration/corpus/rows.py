"""Which of our providers a recorded one is, and what of the recordings none of ours speaks."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from dragoman.services.providers import FAMILIES, HttpProvider, registry

from .asides import subject_of
from .recordings import Kind, corpus_folder, kind_of
from .wires import wire_of

OURS: Final = {"google": "gemini", "google-vertex": "vertex", "moonshotai": "moonshot"}
"""The recorded providers that have another id here."""

# Gemini is asked in its own format here, and not by the vendor's route of OpenAI's.
NOT_OURS: Final = frozenset({("google", "chat.completions")})

# Who speaks these is a row of the operator's, like the first of its family.
FAMILY_OF: Final = {("ollama", "api.chat"): "ollama"}


class Asked(Struct, frozen=True):
    """A recorded request: to whom, where, and what came of it.

    `wire` is `None` where no wire of ours speaks; what is no conversation is among the `asides`.
    Of some recordings only the answer was kept: `host`, `path` and `body` are empty then.
    """

    name: str
    provider: str
    endpoint: str
    wire: str | None
    kind: Kind
    status: int
    host: str
    path: str
    body: bytes

    @property
    def ours(self) -> HttpProvider | None:
        """Our provider of that name, if there is one."""
        if (self.provider, self.endpoint) in NOT_OURS:
            return None
        if family := FAMILY_OF.get((self.provider, self.endpoint)):
            return FAMILIES[family]
        known = OURS.get(self.provider, self.provider)
        found = registry.get(known) if known in registry else None
        return found if isinstance(found, HttpProvider) else None


def load_asked(folder: Path) -> tuple[Asked, ...]:
    """Load the request of every recording there is, in the order of the index."""
    index = json.loads((folder / "index.json").read_bytes())["index"]
    return tuple(_load(folder, row) for row in index)


def _load(folder: Path, row: dict[str, Any]) -> Asked:
    request = json.loads((folder / row["file"]).read_bytes()).get("request") or {}
    return Asked(
        name=row["file"].removesuffix(".json"),
        provider=row["provider"],
        endpoint=row["endpoint"],
        wire=wire_of(row["endpoint"], request.get("body")),
        kind=kind_of(row["status"], row["kinds"]),
        status=row["status"],
        host=request.get("host", ""),
        path=request.get("path", ""),
        body=json.dumps(request["body"]).encode() if request else b"",
    )


_folder = corpus_folder(os.environ)
ASKED: Final = () if _folder is None else load_asked(_folder)


def unspoken(asked: tuple[Asked, ...] = ASKED) -> list[tuple[str, str, int]]:
    """Count the recordings that nothing of ours speaks: (provider, endpoint, count)."""
    counts = Counter((one.provider, one.endpoint) for one in asked if not is_spoken(one))
    return [(provider, endpoint, count) for (provider, endpoint), count in sorted(counts.items())]


def is_spoken(asked: Asked) -> bool:
    """Tell whether a wire reads it, or a route beside conversations is asked for it."""
    body = json.loads(asked.body) if asked.body else None
    return asked.wire is not None or subject_of(asked.path, body) is not None
