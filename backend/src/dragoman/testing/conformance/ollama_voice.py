"""How a server of Ollama's own format speaks."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from dragoman.chat import Category, LLMServiceError, Part, Reasoning, Reply, StopReason, Text
from dragoman.testing.conformance.case import NotOffered
from dragoman.testing.conformance.voice import Streamed
from dragoman.testing.upstream import Received
from dragoman.wire import ollama_chat
from dragoman.wire.ollama_chat.words import encode

_PIECE: Final = 4
"""The longest piece of words in a line, in characters."""

_ENDS: Final = frozenset({StopReason.STOP, StopReason.TOOL, StopReason.LENGTH})

# Sentences as they were seen; `services/providers/ollama.py` has the places.
_SENTENCES: Final[dict[Category, str]] = {
    Category.CONTEXT_TOO_LONG: (
        '{"error":{"code":400,"message":"request (351 tokens) exceeds the available context size '
        '(256 tokens), try increasing it","type":"exceed_context_size_error"}}'
    ),
    Category.QUOTA_EXHAUSTED: "you (ada) have reached your weekly usage limit",
    Category.OVERLOADED: "server busy, please try again.  maximum pending requests exceeded",
}


class OllamaVoice:
    """Answers as Ollama does: a call comes whole, in one line."""

    def whole(self, reply: Reply, asked: Received) -> bytes:  # noqa: ARG002 - any request
        """Write a whole reply."""
        return ollama_chat.write_reply(_sayable(reply))

    def stream(self, reply: Reply, asked: Received) -> Streamed:  # noqa: ARG002 - any request
        """Write a streamed reply, a line for each piece of words."""
        return Streamed(_lines(_sayable(reply)))

    def failure(self, error: LLMServiceError) -> bytes:
        """Write the body of an error answer."""
        return encode({"error": _SENTENCES.get(error.category, str(error))})

    def breaking_off(self, reply: Reply, error: LLMServiceError) -> Streamed:
        """Write a stream that says what `reply` says, and then fails."""
        return Streamed((*_lines(reply)[:-1], self.failure(error) + b"\n"))


def _sayable(reply: Reply) -> Reply:
    if reply.stop is None or reply.stop.reason not in _ENDS:
        raise NotOffered("Ollama has no word for such an end")
    return reply


def _lines(reply: Reply) -> tuple[bytes, ...]:
    said = replace(reply, stop=None, usage=None)
    pieces = (piece for part in reply.parts for piece in _pieces(part))
    lines = (replace(said, parts=(piece,)) for piece in pieces)
    end = replace(reply, parts=())
    return tuple(encode(ollama_chat.write_object(line)) + b"\n" for line in (*lines, end))


def _pieces(part: Part) -> Iterator[Part]:
    match part:
        case Text(text) | Reasoning(text):
            for begin in range(0, len(text), _PIECE):
                yield replace(part, text=text[begin : begin + _PIECE])
        case _:
            yield part
