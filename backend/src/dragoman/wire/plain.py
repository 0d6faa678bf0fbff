"""What a format of plain words leaves unsaid: told in receipts, or refused where it matters."""

from collections.abc import Collection
from typing import Final

from dragoman.chat import (
    Actor,
    Category,
    ChatRequest,
    LLMBadRequestError,
    Reasoning,
    Receipt,
    Sampling,
    Text,
)
from dragoman.wire.receipts import Receipts

_SETTINGS: Final = Sampling.__struct_fields__


def left_out(request: ChatRequest, wire: str, *, says: Collection[str] = ()) -> tuple[Receipt, ...]:
    """Tell what `request` asks beyond its turns of words, and `wire` has no words for.

    `says` names what it has words for: `system`, `limits`, `stop`, `reasoning`, or a field of
    `Sampling`. Raises `LLMBadRequestError` (`unsupported`) for what must not be left out: tools,
    a form of the answer, and anything in the conversation that is no text.
    """
    _refuse_more_than_words(request, wire)
    receipts = Receipts(wire)
    asked: dict[str, object] = {
        "system": request.system,
        "limits": request.limits.output,
        "stop": request.stop,
        "reasoning": request.reasoning,
        **{name: getattr(request.sampling, name) for name in _SETTINGS},
    }
    for name, value in asked.items():
        if value not in (None, ()) and name not in says:
            receipts.dropped(name, f"{wire} has no word for it")
    return receipts.written()


def _refuse_more_than_words(request: ChatRequest, wire: str) -> None:
    if request.tools:
        raise _unsupported("tools", wire)
    if request.output is not None and request.output.kind != "text":
        raise _unsupported("output", wire)
    for place, message in enumerate(request.messages):
        # What a model thought is understood by its own vendor alone.
        if not all(isinstance(part, Text | Reasoning) for part in message.parts):
            raise _unsupported(f"messages[{place}]", wire)


def _unsupported(at: str, wire: str) -> LLMBadRequestError:
    return LLMBadRequestError(
        Category.UNSUPPORTED,
        f"{at}: {wire} knows words alone: leave it out, or choose another model",
        actor=Actor.CALLER,
        param=at,
    )
