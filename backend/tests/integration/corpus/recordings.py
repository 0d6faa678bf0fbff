"""The recorded exchanges, each as the bytes that went over the line."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct

from dragoman.testing.tapes import frame_events

from .wires import wire_of

VARIABLE: Final = "DRAGOMAN_CORPUS"
REQUIRED: Final = "DRAGOMAN_REQUIRE_CORPUS"
UNNAMED: Final = frozenset({"openai_chat", "gemini"})
"""The formats whose events have no names."""

NEXT_REPLY: Final = frozenset(
    {("message_stop", "message_start"), ("response.completed", "response.created")}
)
"""The event that closes a reply, and the one that opens another."""

Kind = Literal["whole", "stream", "error"]


class Recording(Struct, frozen=True):
    """One exchange. `bodies` is usually one; some recordings hold several replies end to end."""

    name: str
    provider: str
    wire: str
    kind: Kind
    status: int
    headers: dict[str, str]
    request: bytes | None
    bodies: tuple[bytes, ...]


def corpus_folder(environ: Mapping[str, str]) -> Path | None:
    """Find the recordings; `None` where nobody said where they are."""
    folder = environ.get(VARIABLE)
    return Path(folder) if folder else None


def load_recordings(folder: Path) -> tuple[Recording, ...]:
    """Load every recording of the wires, in the order of the index."""
    index = json.loads((folder / "index.json").read_bytes())["index"]
    loaded = (_load(folder, row) for row in index)
    return tuple(recording for recording in loaded if recording is not None)


def _load(folder: Path, row: dict[str, Any]) -> Recording | None:
    exchange = json.loads((folder / row["file"]).read_bytes())
    answer = exchange["response"]
    asked = exchange.get("request")
    wire = wire_of(row["endpoint"], None if asked is None else asked["body"])
    if wire is None:
        return None
    body: bytes = answer["body"].encode()
    if answer.get("encoding") == "base64":
        body = base64.b64decode(body)
    return Recording(
        name=row["file"].removesuffix(".json"),
        provider=row["provider"],
        wire=wire,
        kind=kind_of(answer["status"], row["kinds"]),
        status=answer["status"],
        headers=answer["headers"],
        request=None if asked is None else json.dumps(asked["body"]).encode(),
        bodies=tuple(_framed(wire, body)) if _is_unframed(answer) else (body,),
    )


def kind_of(status: int, kinds: list[str]) -> Kind:
    if status >= 400:
        return "error"
    return "stream" if "stream" in kinds else "whole"


def _is_unframed(answer: dict[str, Any]) -> bool:
    return bool(answer["fidelity"] == "sse_data_lines_without_framing")


def _framed(wire: str, lines: bytes) -> Iterator[bytes]:
    """Put the framing back that the recording left out, one body for each reply in it.

    Two formats name their events by their type. One that opens a reply after one that closes it was
    the start of the next HTTP answer; anywhere else it stays where it was recorded.
    """
    events: list[tuple[bytes, str | None]] = []
    for line in filter(None, lines.splitlines()):
        name = None if wire in UNNAMED else _type_of(line)
        if events and (events[-1][1], name) in NEXT_REPLY:
            yield frame_events(events)
            events = []
        events.append((line, name))
    yield frame_events(events)


def _type_of(line: bytes) -> str | None:
    try:
        kind: str = json.loads(line)["type"]
    except ValueError:
        return None  # one that was recorded broken
    return kind
