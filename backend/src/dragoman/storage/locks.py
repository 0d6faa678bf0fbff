"""Locks on files: they end with the process that holds them, however it ends."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


class FileLock:
    """A lock on a file of its own; in the file stands who holds it, or who did last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def acquire(self, *, wait: bool) -> bool:
        """Take the lock; without `wait`, give False at once when another process has it.

        Raises `OSError` when there can be no such file.
        """
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except BaseException:
            os.close(file)
            raise
        self._file = file
        return True

    def sign(self) -> None:
        """Write down who holds the lock; a full disk is no reason to do without it."""
        if self._file is not None:
            words = f"{os.getpid()} {boot()}\n".encode()
            try:
                os.truncate(self._file, 0)
                os.pwrite(self._file, words, 0)
            except OSError:
                return

    def signature(self) -> tuple[str, str]:
        """Tell the process, and the boot of the machine, of whoever signed last; empty if nobody
        did.
        """
        try:
            words = self.path.read_text("ascii", "replace").split()
        except OSError:
            words = []
        process, boot_id, *_ = [*words, "", ""]
        return process, boot_id

    def release(self) -> None:
        """Give the lock back."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def __enter__(self) -> Self:
        self.acquire(wait=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def boot() -> str:
    """Give the id of this start of the machine; empty where the system tells none."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return ""
