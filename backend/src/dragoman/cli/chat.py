"""`dragoman chat`: a question and its answer, or a conversation."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TextIO

from dragoman.composition import Service
from dragoman.observability.logs import configure_logging

from .configuration import Loader
from .conversation import Conversation, Partner
from .endings import WrongUsageError
from .keyboard import TtyKeyboard
from .loop import LoopThread
from .own_models import OwnModels
from .remote import RemoteDragoman
from .repl import Repl
from .telling import Telling
from .terminal import Terminal, sayable


def chat(
    words: tuple[str, ...], conversation: Conversation, *, url: str | None, load: Loader
) -> None:
    """Ask what `words` and standard input say; converse if both say nothing.

    Raises `NoAnswerError`, `WrongUsageError` or `ConfigurationError`.
    """
    if url is not None and conversation.system is not None:
        raise WrongUsageError(
            "--system does not go with --url: the API of a running server takes no instructions"
        )
    question = question_of(words, sys.stdin)
    sayable(sys.stdout, sys.stderr)
    terminal = Terminal(sys.stdout, sys.stderr, environ=os.environ)
    with LoopThread() as loop:
        partner = loop.keep(_own_models(load) if url is None else RemoteDragoman(url))
        if question is None:
            Repl(partner, loop, terminal, TtyKeyboard()).run(conversation)
        else:
            try:
                loop.run(Telling(partner, terminal).run(conversation.asked(question)))
            finally:
                terminal.end_line()


def question_of(words: tuple[str, ...], stdin: TextIO | None) -> str | None:
    """Put together what is piped in and what was typed after it; `None` asks for a conversation.

    Raises `WrongUsageError` when there is neither a question nor anybody to type one.
    """
    at_keyboard = stdin is not None and stdin.isatty()
    if at_keyboard and not words:
        return None
    piped = "" if stdin is None or at_keyboard else _text(stdin)
    parts = [part for part in (piped.strip("\r\n"), " ".join(words)) if part.strip()]
    if not parts:
        raise WrongUsageError("there is nothing to ask: write a question, or pipe one in")
    return "\n\n".join(parts)


def _text(stdin: TextIO) -> str:
    try:
        return stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongUsageError(
            f"standard input is not UTF-8 text (byte {error.start}): convert it first"
        ) from None


@asynccontextmanager
async def _own_models(load: Loader) -> AsyncIterator[Partner]:
    configuration = load()
    configure_logging("critical", load.redact)  # what goes wrong is told in words
    async with Service(configuration, registry=load.registry) as service:
        service.start_background()
        yield OwnModels(service)
