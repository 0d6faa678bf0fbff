"""A supervisor with workers that do as they are told by files: for its tests, as a process.

python -m tests.support.supervised FOLDER WORKERS

Each worker writes `N.pid` when it is ready. It ends badly when there is a file `N.dies`, or before
it is ready when there is `N.cannot`, and never of itself when there is `N.hangs`.
"""

import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from dragoman.cli.endings import leave
from dragoman.cli.supervisor import Supervisor, WorkerFailedError
from dragoman.cli.worker import READY, Order, Work


def working(folder: Path, number: int) -> Work:
    """Make what a worker does."""

    def is_told(word: str) -> bool:
        return (folder / f"{number}.{word}").exists()

    def work(wire: socket.socket) -> None:
        if is_told("cannot"):
            leave(3)
        (folder / f"{number}.pid").write_text(str(os.getpid()))
        wire.send(READY)
        wire.settimeout(0.05)
        while True:
            if is_told("dies"):
                leave(7)
            with suppress(TimeoutError):
                order = wire.recv(1)
                if order != Order.END.value:
                    return
                if not is_told("hangs"):
                    time.sleep(0.2)
                    (folder / f"{number}.ended").touch()
                    return

    return work


def main(folder: Path, workers: int) -> int:
    """Run it, and give the exit code."""

    def tell(word: str) -> None:
        with (folder / "told").open("a") as file:
            file.write(f"{word}\n")

    supervisor = Supervisor(
        [working(folder, number) for number in range(1, workers + 1)],
        ready=lambda: tell("ready"),
        ending=lambda: tell("ending"),
        lost=lambda number: tell(f"lost {number}"),
    )
    try:
        code = supervisor.run()
    except WorkerFailedError as error:
        return error.exit_code
    return code if supervisor.forced_by is None else 128 + supervisor.forced_by


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
