"""`dragoman serve` with its limits of time scaled down: the argument is `Timeouts` as JSON."""

import sys

import click
import msgspec

from dragoman.app import create_app
from dragoman.cli.binding import listen, places, web_address
from dragoman.cli.configuration import Loader
from dragoman.cli.serve import run
from dragoman.observability.logs import configure_logging
from dragoman.services.providers.transport import Timeouts


def main() -> None:
    """Serve on a free port until told to end."""
    load = Loader()
    configuration = load()
    (listener,) = listen("127.0.0.1", places("127.0.0.1"), 0)
    configure_logging(configuration.settings.log_level, load.redact)
    app = create_app(
        configuration,
        load=load,
        registry=load.registry,
        timeouts=msgspec.json.decode(sys.argv[1], type=Timeouts),
    )
    address = web_address(listener)
    run(app, [listener], level="info", announce=lambda: click.echo(f"ready at {address}"))


if __name__ == "__main__":
    main()
