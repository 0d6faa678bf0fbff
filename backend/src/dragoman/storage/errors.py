"""What can be wrong with the place where conversations are stored, in words and in one table."""

from enum import StrEnum
from typing import Final

from dragoman.chat import DragomanError


class Trouble(StrEnum):
    """What is wrong; the word stands in logs and in what clients are told."""

    FULL = "storage_full"
    READONLY = "storage_readonly"
    BUSY = "storage_busy"
    CORRUPT = "storage_corrupt"
    TOO_NEW = "schema_too_new"
    IN_USE = "storage_in_use"
    UNFIT = "storage_unfit"
    UNAVAILABLE = "storage_unavailable"


WORDS: Final[dict[Trouble, str]] = {
    Trouble.FULL: "the disk of the data folder is full: make room, and try again",
    Trouble.READONLY: "the data folder cannot be written to: correct its permissions or its mount",
    Trouble.BUSY: "another program holds the database locked: try again in a moment",
    Trouble.CORRUPT: "the database is damaged: end the server, and restore a backup",
    Trouble.UNAVAILABLE: "the database cannot be used now: the server's log says why",
}
"""What a person is told of a trouble that comes up while the server runs."""

_SECONDS: Final = {Trouble.FULL: 30.0, Trouble.BUSY: 5.0, Trouble.UNAVAILABLE: 5.0}


class StorageError(DragomanError):
    """Nothing could be stored, or read: `trouble` says why, the text what to do about it.

    `retry_after` is in seconds, `None` where waiting does not help.
    """

    def __init__(self, trouble: Trouble, message: str | None = None) -> None:
        super().__init__(message or WORDS[trouble])
        self.trouble = trouble
        self.retry_after = _SECONDS.get(trouble)
