"""`dragoman serve --workers N`: one owner of all that is kept, and gateways beside it.

All of them take connections from the same listening sockets, whoever is free first, and share what
was loaded before they were forked.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Final

from dragoman.api.handover import Link, Owner, Tally
from dragoman.app import create_app, create_gateway
from dragoman.config import Configuration
from dragoman.observability.logs import configure_logging
from dragoman.storage.database import open_database

from .accepting import Shares
from .binding import BACKLOG
from .configuration import Loader
from .endings import CONFIGURATION, CommandError, leave
from .server import DRAIN, options, run_server
from .supervisor import Supervisor, WorkerFailedError
from .worker import WorkerServer

_NO_FORK: Final = "this system cannot fork, so there can be one worker only: leave `workers` at 1"
_SHORT: Final = "/tmp"  # noqa: S108 - the folder made in it is for its owner alone
# An address has 104 bytes on macOS and 108 on Linux, for a name of ours behind the folder as well.
_LONGEST_FOLDER: Final = 70


class CannotForkError(CommandError):
    """There can be no workers here."""

    exit_code = CONFIGURATION


class _Crew:
    """What the workers of one server do; the supervisor has it, and each worker a copy."""

    def __init__(
        self,
        configuration: Configuration,
        load: Loader,
        listeners: list[socket.socket],
        show: Callable[[], None],
    ) -> None:
        self._configuration = configuration
        self._load = load
        self._listeners = listeners
        self._tally = Tally(configuration.settings.workers)
        self.shares = Shares(configuration.settings.workers)
        self.show = show

    def own(self, others: socket.socket, wire: socket.socket) -> None:
        """Be worker 1: keep everything, and answer what `others` hand over."""
        settings = self._configuration.settings
        configure_logging(settings.log_level, self._load.redact, worker=1)
        with open_database(settings.data_dir) as database:
            app = create_app(
                self._configuration,
                load=self._load,
                registry=self._load.registry,
                database=database,
                meter=self._tally.meter(0),
                in_flight=lambda: self._tally.total,
            )
            config = options(Owner(app, others, drain=DRAIN), level=settings.log_level)
            server = WorkerServer(config, wire, number=1, shares=self.shares, ready=self.show)
            run_server(server, self._listeners)

    def answer(self, number: int, owner: Path, wire: socket.socket) -> None:
        """Be another worker: keep nothing, and hand over to the `owner` what needs it."""
        settings = self._configuration.settings
        configure_logging(settings.log_level, self._load.redact, worker=number)
        app = create_gateway(
            self._configuration,
            load=self._load,
            link=Link(owner),
            registry=self._load.registry,
            meter=self._tally.meter(number - 1),
        )
        config = options(app, level=settings.log_level)
        server = WorkerServer(config, wire, number=number, shares=self.shares)
        run_server(server, self._listeners)


def run_workers(
    configuration: Configuration,
    load: Loader,
    listeners: list[socket.socket],
    *,
    announce: Callable[[], None],
    show: Callable[[], None],
) -> None:
    """Serve with as many workers as are configured, and leave with the exit code of their end.

    `announce` is called here when all are ready, `show` in the first worker when it is. Raises
    `CommandError` if they cannot begin.
    """
    if not hasattr(os, "fork"):
        raise CannotForkError(_NO_FORK)
    crew = _Crew(configuration, load, listeners, show)

    def ready() -> None:
        crew.show = lambda: None  # whoever takes the place of the first worker shows nothing
        announce()

    def ending() -> None:
        for listener in listeners:
            listener.close()

    def lost(number: int) -> None:
        crew.shares.leave(number - 1)

    def gateway(number: int) -> Callable[[socket.socket], None]:
        return lambda wire: crew.answer(number, path, wire)

    with _private_listener() as (others, path):
        numbers = range(2, configuration.settings.workers + 1)
        works = [lambda wire: crew.own(others, wire), *map(gateway, numbers)]
        supervisor = Supervisor(works, ready=ready, ending=ending, lost=lost)
        try:
            code = supervisor.run()
        except WorkerFailedError as error:  # which has said why itself
            leave(error.exit_code)
    if supervisor.forced_by is not None:
        leave(128 + supervisor.forced_by)
    if code:
        leave(code)


@contextmanager
def _private_listener() -> Iterator[tuple[socket.socket, Path]]:
    """Listen at a Unix socket that nobody but this user can reach."""
    roomy = len(os.fsencode(gettempdir())) <= _LONGEST_FOLDER
    with TemporaryDirectory(prefix="dragoman-", dir=None if roomy else _SHORT) as folder:
        path = Path(folder) / "owner"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen(BACKLOG)
            yield listener, path
