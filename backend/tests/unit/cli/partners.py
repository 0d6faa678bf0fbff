"""Somebody to talk to: a partner that says what it is told to, and remembers what it heard."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from io import StringIO

from dragoman.chat import Stop, StopReason
from dragoman.cli.conversation import Choice, Conversation, NoAnswerError, Said
from dragoman.cli.terminal import Terminal

SMALL = Choice("small", "Small", "acme", default=True)
LARGE = Choice("large", "Large", "acme", default=False)


class Scripted:
    """Says each of its answers once: words, a `Stop`, an error to raise, or seconds to wait."""

    def __init__(self, *answers: Iterable[Said | NoAnswerError | float]) -> None:
        self._answers = list(answers)
        self.asked: list[Conversation] = []
        self.let_go = False

    async def choices(self) -> tuple[Choice, ...]:
        return SMALL, LARGE

    def waiting(self, model: str | None) -> str:
        return f"waiting for {model or 'small'}…"

    async def answer(self, conversation: Conversation) -> AsyncGenerator[Said, None]:
        self.asked.append(conversation)
        try:
            for said in self._answers.pop(0):
                match said:
                    case NoAnswerError():
                        raise said
                    case float():
                        await asyncio.sleep(said)
                    case _:
                        yield said
        finally:
            self.let_go = True


def saying(*words: str) -> list[Said | NoAnswerError | float]:
    return [*words, Stop(StopReason.STOP)]


class Tty(StringIO):
    """A terminal, as far as a program can tell."""

    def isatty(self) -> bool:
        return True


def terminal(*, tty: bool = False, **environ: str) -> tuple[Terminal, StringIO, StringIO]:
    out, err = (Tty(), Tty()) if tty else (StringIO(), StringIO())
    return Terminal(out, err, environ=environ), out, err
