"""A reply on its way from whoever answers to the terminal."""

from contextlib import aclosing
from typing import Final, assert_never, final

from dragoman.chat import Stop, StopReason

from .conversation import Conversation, Partner, Said
from .terminal import Terminal, Waiting

# How a reply can end otherwise than by being finished.
_ENDINGS: Final[dict[StopReason, str]] = {
    StopReason.LENGTH: "the reply was cut off at its length limit",
    StopReason.CONTEXT_FULL: "the reply was cut off: the conversation fills the model's context",
    StopReason.CONTENT_FILTER: "the provider's filter ended the reply",
    StopReason.REFUSAL: "the model refuses to answer that",
    StopReason.TOOL: "the model asks for a tool, and there is none here",
    StopReason.PAUSE: "the model paused",
    StopReason.ERROR: "the reply ended with an error",
    StopReason.MALFORMED: "the reply ended with something malformed",
}


@final
class Telling:
    """One reply: `run` writes it as it comes; `text` is as much of it as came."""

    def __init__(self, partner: Partner, terminal: Terminal) -> None:
        self._partner = partner
        self._terminal = terminal
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        """The words of the reply so far."""
        return "".join(self._pieces)

    async def run(self, conversation: Conversation) -> None:
        """Ask, and write the reply. Raises `NoAnswerError`, also in the middle of it."""
        partner = self._partner
        waiting = Waiting(self._terminal, lambda: partner.waiting(conversation.model))
        async with waiting, aclosing(partner.answer(conversation)) as saying:
            async for said in saying:
                self._tell(said, waiting)
        if not self.text.strip():
            self._terminal.note("(the reply is empty)")

    def _tell(self, said: Said, waiting: Waiting) -> None:
        match said:
            case str():
                if said:
                    waiting.over()
                self._pieces.append(said)
                self._terminal.say(said)
            case Stop(reason=reason):
                waiting.over()
                self._terminal.end_line()
                if reason in _ENDINGS:
                    self._terminal.note(f"({_ENDINGS[reason]})")
            case _:
                assert_never(said)
