"""Thinking without a seal of this vendor's: another's, shown to a client of this format."""

from msgspec.structs import replace

from dragoman.chat import ChatRequest, Message, Part, Reasoning
from dragoman.wire.anthropic_messages.words import NAME
from dragoman.wire.receipts import Receipts


def without_broken_seals(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Leave out thinking of another origin, or whose signature is empty: the vendor refuses it.

    What other formats' models think is shown so, since clients insist on a signature; they send it
    back when the conversation goes on with a model that never thought it.
    """
    if not any(map(_thinks, request.messages)):
        return request
    turns = [
        _sealed(turn, f"messages[{place}]", receipts) for place, turn in enumerate(request.messages)
    ]
    messages = tuple(turn for turn in turns if turn is not None)
    return replace(request, messages=messages)


def _thinks(turn: Message) -> bool:
    return turn.role == "assistant" and Reasoning in map(type, turn.parts)


def _sealed(turn: Message, at: str, receipts: Receipts) -> Message | None:
    """Give a turn without its unsealed thinking; `None` if it held nothing else."""
    if turn.role != "assistant" or not any(map(_is_unsealed, turn.parts)):
        return turn
    for place, part in enumerate(turn.parts):
        if _is_unsealed(part):
            reason = "reasoning is understood only where it came from"
            receipts.dropped(f"{at}.content[{place}]", reason)
    parts = tuple(part for part in turn.parts if not _is_unsealed(part))
    return replace(turn, parts=parts) if parts else None


def _is_unsealed(part: Part) -> bool:
    return isinstance(part, Reasoning) and (part.signature == "" or part.origin != NAME)
