"""Logs: structured lines without prompts, keys or control characters."""

import logging
import os
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Final, TextIO, TypeAlias

import structlog

Redact: TypeAlias = Callable[[str], str]
_Event: TypeAlias = MutableMapping[str, object]

LONGEST: Final = 8192
"""The longest value in a line, in characters."""


def configure_logging(
    level: str,
    redact: Redact,
    *,
    stream: TextIO | None = None,
    environ: Mapping[str, str] = os.environ,
    worker: int | None = None,
) -> None:
    """Send every log line of the process to `stream` (standard error), through `redact`.

    A terminal gets columns, coloured unless `NO_COLOR` is set; anything else one JSON object a
    line. `level` is a name of the standard library's, in any case. Where several processes write,
    `worker` tells in each line which of them did.
    """
    out = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redactor(redact),
    ]
    if worker is not None:
        shared.insert(1, _named(worker))
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=not environ.get("NO_COLOR"), pad_event_to=20)
        if out.isatty()
        else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def _redactor(redact: Redact) -> structlog.typing.Processor:
    def clean(_logger: object, _method: str, event: _Event) -> _Event:
        return {name: _cleaned(value, redact) for name, value in event.items()}

    return clean


def _named(worker: int) -> structlog.typing.Processor:
    def name(_logger: object, _method: str, event: _Event) -> _Event:
        return {**event, "worker": worker}

    return name


def _cleaned(value: object, redact: Redact) -> object:
    return redact(printable(value))[:LONGEST] if isinstance(value, str) else value


def printable(text: str) -> str:
    """Escape control characters (line ends and colours too), so that a value stays on its line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
