"""Which recordings a law is held against, and which are known to break it."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import pytest

from .recordings import Kind, Recording, corpus_folder, load_recordings

Law = Literal[
    "request",  # what was asked survives being read and written
    "reply",  # a whole reply says what the vendor said, and survives
    "stream",  # a stream tells what the vendor told, in our grammar, however it is cut
    "passage",  # a stream reaches a client of the same wire as the vendor sent it
    "retelling",  # a reply is the same, told whole or as a stream
    "error",  # an error answer gets its category
]

KNOWN_FAILURES: Final[dict[str, dict[str, str]]] = tomllib.loads(
    (Path(__file__).parent / "known_failures.toml").read_text("utf-8"),
)

_folder = corpus_folder(os.environ)
RECORDINGS: Final = () if _folder is None else load_recordings(_folder)


def recordings(law: Law, *kinds: Kind, wire: str | None = None) -> pytest.MarkDecorator:
    """Hold a test against every recording of these kinds, as `recording`.

    One that is known to break this law is expected to: if it keeps it, the test fails.
    """
    chosen = [one for one in RECORDINGS if one.kind in kinds and wire in (None, one.wire)]
    return pytest.mark.parametrize("recording", list(_cases(law, chosen)))


def _cases(law: Law, chosen: list[Recording]) -> Iterator[object]:
    for recording in chosen:
        reason = KNOWN_FAILURES.get(recording.name, {}).get(law)
        known = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
        yield pytest.param(recording, id=recording.name, marks=known)
