"""Which recordings a law is held against, and which are known to break it."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import pytest

from .recordings import Kind, Recording, corpus_folder, load_recordings
from .wires import ONE_WAY

Law = Literal[
    "asking",  # a request survives being read and written
    "replying",  # a whole reply says what the vendor said
    "rewriting",  # a whole reply survives being read and written
    "telling",  # a stream tells what the vendor told
    "grammar",  # a stream's events come in good order
    "cutting",  # a stream tells the same, however the network cut it
    "passing",  # a stream's events carry every byte of the vendor's
    "adding_up",  # a stream loses nothing by being told as a whole
    "retelling",  # a reply is the same, told whole or as a stream
    "judging",  # an error gets its category
]

KNOWN_FAILURES: Final[dict[str, dict[str, str]]] = tomllib.loads(
    (Path(__file__).parent / "known_failures.toml").read_text("utf-8"),
)

_folder = corpus_folder(os.environ)
RECORDINGS: Final = () if _folder is None else load_recordings(_folder)


def recordings(
    law: Law, *kinds: Kind, wire: str | None = None, told: bool = False
) -> pytest.MarkDecorator:
    """Hold a test against every recording of these kinds, as `recording`.

    What is `told` is told to a client of the same format: one that no client speaks is left out.
    One that is known to break this law is expected to: if it keeps it, the test fails.
    """
    chosen = [
        one
        for one in RECORDINGS
        if one.kind in kinds and wire in (None, one.wire) and not (told and one.wire in ONE_WAY)
    ]
    return pytest.mark.parametrize("recording", list(_cases(law, chosen)))


def _cases(law: Law, chosen: list[Recording]) -> Iterator[object]:
    for recording in chosen:
        if law == "asking" and recording.request is None:
            continue
        reason = KNOWN_FAILURES.get(recording.name, {}).get(law)
        known = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
        yield pytest.param(recording, id=recording.name, marks=known)
