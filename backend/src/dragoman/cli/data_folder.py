"""The folder of what is stored: looked at before anything is started on it."""

import os
import tempfile
from pathlib import Path
from typing import Final

from .endings import STORAGE, CommandError

_CURE: Final = "correct its permissions, or name another folder in DRAGOMAN_DATA_DIR"


class DataFolderError(CommandError):
    """The data folder cannot be used."""

    exit_code = STORAGE


def prepare(folder: Path) -> None:
    """Make the folder, for its owner alone, unless it is there; prove that it can be written to.

    Raises `DataFolderError`.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as proof:
            proof.write(b"can be written")
    except OSError as error:
        raise DataFolderError(complaint(folder) or _complaint(folder, error.strerror)) from error


def complaint(folder: Path) -> str | None:
    """Say what is wrong with the folder, or with the place for it; nothing is written."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir():
        return (
            f"the data folder {folder} cannot be made: {nearest} is a file. Name another "
            "folder in DRAGOMAN_DATA_DIR"
        )
    if not os.access(nearest, os.W_OK | os.X_OK):
        return _complaint(folder, f"no permission to write in {nearest}")
    return None


def _complaint(folder: Path, reason: str | None) -> str:
    return f"the data folder {folder} cannot be written to ({reason}): {_CURE}"
