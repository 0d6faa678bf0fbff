"""Whether an answer is right: every word of it, its end, its count of tokens."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct, field

from bench.content import TOKENS, said
from bench.questions import Wire


class _Text(Struct):
    content: str | None = None


class _Choice(Struct):
    message: _Text = field(default_factory=_Text)
    delta: _Text = field(default_factory=_Text)
    finish_reason: str | None = None


class _Usage(Struct):
    completion_tokens: int | None = None
    output_tokens: int | None = None
    outputTokens: int | None = None  # noqa: N815 - Dragoman's own spelling on the wire


class _Chat(Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class _Block(Struct):
    text: str = ""
    stop_reason: str | None = None


class _Message(Struct):
    type: str
    content: list[_Block] = field(default_factory=list)
    delta: _Block = field(default_factory=_Block)
    stop_reason: str | None = None
    usage: _Usage | None = None


class _Own(Struct):
    message: str
    stopReason: str  # noqa: N815 - Dragoman's own spelling on the wire
    usage: _Usage


class _OwnEvent(Struct):
    type: str
    content: str = ""
    stopReason: str | None = None  # noqa: N815 - Dragoman's own spelling on the wire


class Heard(Struct, frozen=True):
    """What an answer came to: its text, whether it ended as it should, and the counted tokens."""

    text: str
    ended: bool
    tokens: int | None


_chat: Final = msgspec.json.Decoder(_Chat)
_message: Final = msgspec.json.Decoder(_Message)
_own: Final = msgspec.json.Decoder(_Own)
_own_event: Final = msgspec.json.Decoder(_OwnEvent)


def _events(body: bytes) -> Iterator[bytes]:
    """Give what stands behind `data:` in each event."""
    for block in body.split(b"\n\n"):
        _, mark, text = b"\n".join((b"", block)).partition(b"\ndata: ")
        if mark:
            yield text


def _whole_chat(body: bytes) -> Heard:
    answer = _chat.decode(body)
    (choice,) = answer.choices
    tokens = answer.usage.completion_tokens if answer.usage else None
    return Heard(choice.message.content or "", choice.finish_reason == "stop", tokens)


def _streamed_chat(body: bytes) -> Heard:
    *events, last = _events(body)
    choices = [choice for event in events for choice in _chat.decode(event).choices]
    text = "".join(choice.delta.content or "" for choice in choices)
    finished = [choice.finish_reason for choice in choices if choice.finish_reason] == ["stop"]
    return Heard(text, finished and last == b"[DONE]", None)


def _whole_message(body: bytes) -> Heard:
    answer = _message.decode(body)
    text = "".join(block.text for block in answer.content)
    tokens = answer.usage.output_tokens if answer.usage else None
    return Heard(text, answer.stop_reason == "end_turn", tokens)


def _streamed_message(body: bytes) -> Heard:
    events = [_message.decode(event) for event in _events(body)]
    finished = [event.delta.stop_reason for event in events if event.delta.stop_reason]
    ended = finished == ["end_turn"] and events[-1].type == "message_stop"
    tokens = [event.usage.output_tokens for event in events if event.usage]
    return Heard("".join(event.delta.text for event in events), ended, tokens[-1])


def _whole_own(body: bytes) -> Heard:
    answer = _own.decode(body)
    return Heard(answer.message, answer.stopReason == "stop", answer.usage.outputTokens)


def _streamed_own(body: bytes) -> Heard:
    *events, last = map(_own_event.decode, _events(body))
    text = "".join(event.content for event in events if event.type == "token")
    return Heard(text, last.type == "complete" and last.stopReason == "stop", None)


_READERS: Final[Mapping[tuple[Wire, bool], Callable[[bytes], Heard]]] = {
    (Wire.CHAT, False): _whole_chat,
    (Wire.CHAT, True): _streamed_chat,
    (Wire.MESSAGES, False): _whole_message,
    (Wire.MESSAGES, True): _streamed_message,
    (Wire.OWN, False): _whole_own,
    (Wire.OWN, True): _streamed_own,
}


class Judge:
    """Says what is wrong with answers in one wire: `pieces` long if streamed, else whole."""

    def __init__(self, wire: Wire, *, pieces: int | None) -> None:
        self._read = _READERS[wire, pieces is not None]
        self._tokens = TOKENS if pieces is None else pieces
        self._text = said(self._tokens)
        self._right: bytes | None = None

    def fault(self, status: int, body: bytes) -> str | None:
        """Name the fault of an answer, shortly; None if it is right."""
        if status != 200:
            return f"status {status}"
        if body == self._right:  # as long as, and word for word like, one that was read
            return None
        try:
            heard = self._read(body)
        except (msgspec.DecodeError, ValueError, IndexError):
            return "unreadable"
        if heard.text != self._text:
            return f"{len(heard.text)} of {len(self._text)} characters, or other ones"
        if not heard.ended:
            return "no end"
        if heard.tokens not in (None, self._tokens):
            return "other tokens counted"
        self._right = body
        return None
