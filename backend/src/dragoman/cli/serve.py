"""`dragoman serve`: what can go wrong goes wrong first, in one line; then the server runs."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from socket import socket
from threading import Thread
from typing import Final

import click
import structlog

from dragoman.api.page import is_built
from dragoman.api.server import App
from dragoman.app import create_app
from dragoman.composition import Composition, compose
from dragoman.config import ConfigurationError, Settings
from dragoman.observability.logs import configure_logging
from dragoman.services.providers import LocalProvider
from dragoman.storage.database import open_database

from . import data_folder
from .binding import Place, listen, places, web_address
from .configuration import Loader
from .greeting import greeting, program
from .processor import complaint_about_processor
from .server import GracefulServer, options, run_server

EXPOSED: Final = (
    "host {host!r} can be reached from other machines, and there is no authentication: whoever "
    "reaches it could use your keys. Listen on 127.0.0.1, or say --insecure-no-auth if you know "
    "who that is"
)

_log: Final = structlog.get_logger("dragoman")


def serve(load: Loader, *, open_page: bool) -> None:
    """Serve until told to end.

    Raises `ConfigurationError`, `BindError`, `DataFolderError` or `StorageError` if it cannot
    begin.
    """
    configuration = load()
    settings = configuration.settings
    found = places(settings.host)
    refuse_exposure(settings, found)
    composition = compose(configuration, registry=load.registry)
    for warning in _warnings(composition):
        click.echo(f"! {warning}", err=True)
    data_folder.prepare(settings.data_dir)
    with ExitStack() as opened:
        listeners = listen(settings.host, found, settings.port)
        for listener in listeners:
            opened.enter_context(listener)
        configure_logging(settings.log_level, load.redact)
        if is_exposed(found):
            _log.warning("insecure_bind", host=settings.host, open_to="whoever can reach it")
        address = web_address(listeners[0])

        def announce() -> None:
            words = program(sys.argv[0], cwd=Path.cwd())
            with suppress(OSError):  # nobody may be reading; the server runs all the same
                text = greeting(address, composition, program=words, has_page=is_built())
                click.echo(text)

        def show() -> None:
            if open_page:
                Thread(target=open_browser, args=(address,), daemon=True).start()

        if settings.workers > 1:
            from .workers import run_workers  # noqa: PLC0415 - few servers have several

            run_workers(configuration, load, listeners, announce=announce, show=show)
            return
        database = opened.enter_context(open_database(settings.data_dir))

        def ready() -> None:
            announce()
            show()

        app = create_app(configuration, load=load, registry=load.registry, database=database)
        run(app, listeners, level=settings.log_level, announce=ready)


def _warnings(composition: Composition) -> Iterator[str]:
    """Give what the operator should know: of the configuration, and of this machine."""
    yield from composition.warnings
    for provider in composition.models.disabled:
        yield provider.message
    used = {entry.provider for entry in composition.models.models}
    complaint = complaint_about_processor() if LocalProvider().provider_id in used else None
    if complaint is not None:
        yield complaint


def is_exposed(found: Sequence[Place]) -> bool:
    """Tell whether anybody but this machine itself can come in."""
    return not all(place.is_loopback for place in found)


def refuse_exposure(settings: Settings, found: Sequence[Place]) -> None:
    """Raise `ConfigurationError` if the server would be open to others, and nobody said it may."""
    if is_exposed(found) and not settings.insecure_no_auth:
        raise ConfigurationError([EXPOSED.format(host=settings.host)])


def run(app: App, listeners: list[socket], *, level: str, announce: Callable[[], None]) -> None:
    """Run the server on sockets that listen already, and leave with the exit code of its end."""
    run_server(GracefulServer(options(app, level=level), announce), listeners)


def open_browser(address: str) -> None:
    """Show the page in the browser, or say that there is none."""
    import webbrowser  # noqa: PLC0415 - few starts open one

    with suppress(webbrowser.Error, OSError):
        if webbrowser.open(address):
            return
    click.echo(f"! no browser was found; open {address} in one", err=True)
