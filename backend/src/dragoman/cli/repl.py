"""A conversation at the keyboard: what is typed is asked, or is a command."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, final

from msgspec.structs import replace

from dragoman.config.wording import did_you_mean, listing

from .conversation import Choice, Conversation, NoAnswerError, Partner
from .keyboard import Keyboard
from .loop import LoopThread
from .telling import Telling
from .terminal import Terminal

# A path such as /etc/hosts is something to talk about.
_COMMAND: Final = re.compile(r"/[a-z]+")

HELP: Final = """\
/model [ID]  show the models, or ask another one from now on
/new         begin a new conversation
/help        show this
/quit        leave (or Ctrl-D)
Ctrl-C ends a reply. A line that ends in \\ goes on in the next."""


@final
class Repl:
    """Reads lines and answers them until the person leaves."""

    _commands: Mapping[str, Callable[[str], None]]

    def __init__(
        self, partner: Partner, loop: LoopThread, terminal: Terminal, keyboard: Keyboard
    ) -> None:
        self._partner = partner
        self._loop = loop
        self._terminal = terminal
        self._keyboard = keyboard
        self._conversation = Conversation()
        self._interrupted = False
        self._commands = {
            "/model": self._model,
            "/new": self._new,
            "/help": self._help,
            "/quit": self._quit,
            "/exit": self._quit,
        }

    def run(self, conversation: Conversation) -> None:
        """Converse. Raises `NoAnswerError` if there is no such model as is asked for."""
        self._conversation = conversation
        chosen = self._chosen(conversation.model)
        self._terminal.note(f"{chosen.name} ({chosen.id}, {chosen.provider}) · /help for more")
        with suppress(EOFError):
            while True:
                self._turn()
        self._terminal.note("")

    def _turn(self) -> None:
        try:
            line = self._read()
            self._interrupted = False
            self._take(line)
        except NoAnswerError as error:
            self._terminal.end_line()
            self._terminal.note(f"dragoman: {error}")
        except KeyboardInterrupt:
            self._interrupt()

    def _read(self) -> str:
        line = self._keyboard.read_line("> ")
        while line.endswith("\\"):
            line = line[:-1] + "\n" + self._keyboard.read_line(". ")
        return line.strip()

    def _take(self, line: str) -> None:
        if _COMMAND.fullmatch(line.partition(" ")[0]):
            word, _, rest = line.partition(" ")
            command = self._commands.get(word)
            if command is None:
                known = did_you_mean(word, self._commands)
                raise NoAnswerError(f"there is no command {word}{known}: /help shows them")
            command(rest.strip())
        elif line:
            self._ask(line)

    def _interrupt(self) -> None:
        """Ctrl-C at the prompt: it takes back what was typed, and the second in a row leaves."""
        if self._keyboard.unfinished:
            self._terminal.note("")
            return
        if self._interrupted:
            raise EOFError
        self._interrupted = True
        self._terminal.note("\n(Ctrl-C once more leaves, or Ctrl-D)")

    def _ask(self, question: str) -> None:
        asked = self._conversation.asked(question)
        telling = Telling(self._partner, self._terminal)
        try:
            self._loop.run(telling.run(asked))
        except KeyboardInterrupt:
            self._interrupted = True
            self._terminal.end_line()
            self._terminal.note("(stopped; Ctrl-C once more leaves)")
        # A turn without an answer is forgotten, so that asking again asks only once.
        if telling.text.strip():
            self._conversation = asked.answered(telling.text)

    def _model(self, wanted: str) -> None:
        if wanted:
            chosen = self._chosen(wanted)
            self._conversation = replace(self._conversation, model=chosen.id)
            self._terminal.note(f"{chosen.name} ({chosen.id}, {chosen.provider}) answers from now")
            return
        current = self._chosen(self._conversation.model)
        for choice in self._loop.run(self._partner.choices()):
            mark = "*" if choice == current else " "
            self._terminal.note(f"{mark} {choice.id}  {choice.name} ({choice.provider})")

    def _chosen(self, model: str | None) -> Choice:
        choices = self._loop.run(self._partner.choices())
        for choice in choices:
            if choice.id == model or (model is None and choice.default):
                return choice
        known = [choice.id for choice in choices]
        raise NoAnswerError(
            f"there is no model {model!r}{did_you_mean(model or '', known)}: "
            f"there are {listing(known)}"
        )

    def _new(self, _: str) -> None:
        self._conversation = replace(self._conversation, turns=())
        self._terminal.note("a new conversation")

    def _help(self, _: str) -> None:
        self._terminal.note(HELP)

    def _quit(self, _: str) -> None:
        raise EOFError
