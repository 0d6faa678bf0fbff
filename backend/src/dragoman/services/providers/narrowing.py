"""A request made to fit its model: what the model refuses is left out, with a receipt, or refused.

capabilities of the entry ─▶ checked; rows of parameters.toml ─▶ narrowed; strict ─▶ nothing lost
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import (
    Actor,
    Audio,
    Category,
    ChatRequest,
    Document,
    Image,
    LLMBadRequestError,
    Part,
    Receipt,
    ToolChoice,
    ToolResult,
)
from dragoman.config.facts import ModelEntry

CAPABILITIES: Final[dict[str, str]] = {
    "tools": "tools, the vendor's built-in ones too; asking for them is refused",
    "images": "pictures; sending one is refused",
    "documents": "files; sending one is refused",
    "audio": "recordings; sending one is refused",
    "json_schema": "answers by a schema; asking for one is refused",
    "reasoning": "thinking before the answer; wishes about it are left out",
}
"""What a model entry's `capabilities` may name, and what happens to a model without it."""

_MEDIA: Final = frozenset({"images", "documents", "audio"})
_NO_REASONING: Final = ("none", None)
# What the model does anyway: leaving it out changes nothing.
_NEUTRAL: Final[dict[str, tuple[float | None, ...]]] = {
    "temperature": (None, 1),
    "top_p": (None, 1),
    "top_k": (None,),
    "seed": (None,),
    "presence_penalty": (None, 0),
    "frequency_penalty": (None, 0),
}


class Narrowed(Struct, frozen=True):
    """A request that its model takes: the `fields` of the body are still to be left out."""

    request: ChatRequest
    fields: frozenset[str] = frozenset()
    receipts: tuple[Receipt, ...] = ()


def narrowed(request: ChatRequest, model: ModelEntry, refused: Iterable[str]) -> Narrowed:
    """Make a request fit: `refused` are words of `parameters.toml`.

    Raises `LLMBadRequestError` (`unsupported`) for what the model was declared without and the
    question cannot do without. Nothing is checked where no capabilities were declared.
    """
    receipts: list[Receipt] = []
    if model.capabilities is not None:
        request = _within(request, model, frozenset(model.capabilities), receipts)
    fields = set()
    for word in refused:
        if word in _NEUTRAL:
            request = _without_sampling(request, word, model, receipts)
        elif word in _STEPS:
            request = _STEPS[word](request, model, receipts)
        else:
            fields.add(word)
    return Narrowed(request, frozenset(fields), tuple(receipts))


def refuse_losses(receipts: Iterable[Receipt], model: ModelEntry) -> None:
    """Raise `LLMBadRequestError` (`lossy_translation`) that names whatever would not be said."""
    lost = [receipt for receipt in receipts if receipt.action != "renamed"]
    if lost:
        named = "; ".join(f"{loss.field} ({loss.action}: {loss.reason})" for loss in lost)
        raise LLMBadRequestError(
            Category.UNSUPPORTED,
            f"strict: model {model.id!r} cannot be asked this in full: {named}",
            reason="lossy_translation",
            actor=Actor.CALLER,
            param=lost[0].field,
        )


def _within(
    request: ChatRequest, model: ModelEntry, able: frozenset[str], receipts: list[Receipt]
) -> ChatRequest:
    for capability, at in _needs(request, able):
        if capability not in able:
            raise LLMBadRequestError(
                Category.UNSUPPORTED,
                f"{at}: model {model.id!r} is listed without {capability!r}: "
                "leave them out, or choose another model",
                actor=Actor.CALLER,
                param=at,
            )
    wish = request.reasoning
    if wish is None or "reasoning" in able:
        return request
    if wish.mode not in ("off", None) or wish.effort not in _NO_REASONING or wish.budget:
        receipts.append(_dropped("reasoning", f"model {model.id!r} is listed without it"))
    return replace(request, reasoning=None)


def _needs(request: ChatRequest, able: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Name the capabilities that a request cannot do without, each with its place."""
    if request.tools:
        yield "tools", "tools"
    if request.output is not None and request.output.kind == "json_schema":
        yield "json_schema", "output"
    if not able.issuperset(_MEDIA):
        for place, message in enumerate(request.messages):
            for capability in _media(message.parts):
                yield capability, f"messages[{place}]"


def _media(parts: tuple[Part, ...]) -> Iterator[str]:
    for part in parts:
        match part:
            case Image():
                yield "images"
            case Document():
                yield "documents"
            case Audio():
                yield "audio"
            case ToolResult(content=content):
                yield from _media(content)


def _dropped(field: str, reason: str) -> Receipt:
    return Receipt(field, "dropped", reason)


def _refuses(model: ModelEntry) -> str:
    return f"model {model.id!r} refuses it"


def _without_sampling(
    request: ChatRequest, word: str, model: ModelEntry, receipts: list[Receipt]
) -> ChatRequest:
    asked = getattr(request.sampling, word)
    if asked is None:
        return request
    if asked not in _NEUTRAL[word]:
        receipts.append(_dropped(word, _refuses(model)))
    return replace(request, sampling=replace(request.sampling, **{word: None}))


def _without_stop(request: ChatRequest, model: ModelEntry, receipts: list[Receipt]) -> ChatRequest:
    if request.stop:
        receipts.append(_dropped("stop", _refuses(model)))
    return replace(request, stop=())


def _without_budget(
    request: ChatRequest, model: ModelEntry, receipts: list[Receipt]
) -> ChatRequest:
    wish = request.reasoning
    if wish is None or (wish.budget is None and wish.mode != "on"):
        return request
    reason = f"{_refuses(model)}: how much to think is the model's choice"
    receipts.append(Receipt("reasoning.budget", "emulated", reason))
    mode = "adaptive" if wish.mode != "off" else wish.mode
    return replace(request, reasoning=replace(wish, budget=None, mode=mode))


def _without_off(request: ChatRequest, model: ModelEntry, receipts: list[Receipt]) -> ChatRequest:
    wish = request.reasoning
    if wish is None or (wish.mode != "off" and wish.effort != "none"):
        return request
    receipts.append(_dropped("reasoning.mode", f"model {model.id!r} always thinks"))
    return replace(request, reasoning=None)


def _without_force(request: ChatRequest, model: ModelEntry, receipts: list[Receipt]) -> ChatRequest:
    choice = request.tool_choice
    if choice is None or choice.mode not in ("required", "named"):
        return request
    receipts.append(Receipt("tool_choice", "emulated", f"{_refuses(model)}: now auto"))
    return replace(request, tool_choice=ToolChoice("auto", parallel=choice.parallel))


Step: TypeAlias = Callable[[ChatRequest, ModelEntry, list[Receipt]], ChatRequest]

_STEPS: Final[dict[str, Step]] = {
    "stop": _without_stop,
    "reasoning.budget": _without_budget,
    "reasoning.off": _without_off,
    "tool_choice.forced": _without_force,
}

WORDS: Final = frozenset(_NEUTRAL) | frozenset(_STEPS)
"""The words of `parameters.toml` that are no fields of a body."""
