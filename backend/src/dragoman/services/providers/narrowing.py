"""A request made to fit its model: what the model refuses is left out, with a receipt, or refused.

abilities ─▶ checked; rows of parameters.toml, efforts ─▶ narrowed; strict ─▶ nothing lost
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import (
    EFFORT_SCALE,
    Actor,
    Audio,
    Category,
    ChatRequest,
    Document,
    Image,
    LLMBadRequestError,
    Part,
    ReasoningWish,
    Receipt,
    Text,
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
_NOTHING: Final[frozenset[str]] = frozenset()
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


def lacks(model: ModelEntry) -> frozenset[str]:
    """Give the `CAPABILITIES` that a model does not have, for certain."""
    if model.lacks is not None:
        return frozenset(model.lacks)
    if model.capabilities is None:
        return _NOTHING
    return frozenset(CAPABILITIES).difference(model.capabilities)


def narrowed(
    request: ChatRequest, model: ModelEntry, refused: Collection[str], *, own: bool = False
) -> Narrowed:
    """Make a request fit: `refused` are words of `parameters.toml`.

    `own` tells that it came in the format that it goes out in. Raises `LLMBadRequestError`
    (`unsupported`) for what the model lacks and the question cannot do without. Nothing is checked
    where nothing is known.
    """
    missing = lacks(model)
    if not (missing or refused or request.reasoning):
        return Narrowed(request)
    receipts: list[Receipt] = []
    if missing:
        request = _within(request, model, missing, receipts)
    fields = set()
    for word in refused:
        if word in _NEUTRAL:
            request = _without_sampling(request, word, model, receipts)
        elif word in _STEPS:
            request = _STEPS[word](request, model, receipts)
        else:
            fields.add(word)
    request = _with_effort(request, model, receipts, own=own)
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
    request: ChatRequest, model: ModelEntry, missing: frozenset[str], receipts: list[Receipt]
) -> ChatRequest:
    for capability, at in _needs(request, missing):
        if capability in missing:
            raise LLMBadRequestError(
                Category.UNSUPPORTED,
                f"{at}: model {model.id!r} {_without(model, capability)}: "
                "leave them out, or choose another model",
                actor=Actor.CALLER,
                param=at,
            )
    wish = request.reasoning
    if wish is None or "reasoning" not in missing:
        return request
    if wish.mode not in ("off", None) or wish.effort not in _NO_REASONING or wish.budget:
        reason = f"model {model.id!r} {_without(model, 'reasoning')}"
        receipts.append(_dropped("reasoning", reason))
    return replace(request, reasoning=None)


def _without(model: ModelEntry, capability: str) -> str:
    """Say who says so: the operator's list, or the vendor."""
    if model.lacks is None:
        return f"is listed without {capability!r}"
    return f"is known to be without {capability!r} (or else list it with its 'capabilities')"


def _needs(request: ChatRequest, missing: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Name the capabilities that a request cannot do without, each with its place."""
    if request.tools:
        yield "tools", "tools"
    if request.output is not None and request.output.kind == "json_schema":
        yield "json_schema", "output"
    if missing & _MEDIA:
        for place, message in enumerate(request.messages):
            for capability in _media(message.parts):
                yield capability, f"messages[{place}]"


def _media(parts: tuple[Part, ...]) -> Iterator[str]:
    for part in parts:
        match part:
            case Text():
                pass
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


# https://ai.google.dev/gemini-api/docs/openai#thinking: what Google takes the words for.
_BUDGETS: Final = {"minimal": 1_024, "low": 1_024, "medium": 8_192}
_LARGEST_BUDGET: Final = 24_576


def effort_of(request: ChatRequest, model: ModelEntry) -> str | None:
    """Give how hard the model will be asked to think: as wished, or in the nearest of its words."""
    wish = request.reasoning
    if wish is None:
        return None
    asked = "none" if wish.mode == "off" else wish.effort
    if asked not in EFFORT_SCALE or not model.efforts or asked in model.efforts:
        return asked
    return _nearest(asked, model.efforts)


def _with_effort(
    request: ChatRequest, model: ModelEntry, receipts: list[Receipt], *, own: bool
) -> ChatRequest:
    """Say how hard to think in a word that the model takes."""
    wish = request.reasoning
    if wish is None or model.efforts is None:
        return request
    if not model.efforts:
        return replace(request, reasoning=_by_budget(request, wish, model, receipts, own=own))
    said, off = effort_of(request, model), wish.mode == "off"
    if said == wish.effort or (off and said == "none"):
        return request
    reason = f"model {model.id!r} takes {', '.join(model.efforts)}: it is said as {said!r}"
    receipts.append(Receipt("reasoning.effort", "emulated", reason))
    if off:
        wish = replace(wish, mode=None, budget=None)
    return replace(request, reasoning=replace(wish, effort=said))


def _nearest(asked: str, efforts: tuple[str, ...]) -> str:
    """Give the most of what is not more than was asked for, or else the least."""
    thinking = [effort for effort in efforts if effort != "none"]
    within = [
        effort for effort in thinking if EFFORT_SCALE.index(effort) <= EFFORT_SCALE.index(asked)
    ]
    return (within or thinking[:1] or ["none"])[-1]


def _by_budget(
    request: ChatRequest,
    wish: ReasoningWish,
    model: ModelEntry,
    receipts: list[Receipt],
    *,
    own: bool,
) -> ReasoningWish:
    """Say an effort in tokens, for a model that knows no other way.

    Whoever speaks its format has words of their own for that, and whether there is room for an
    answer, too, decides the limit.
    """
    effort, plain = wish.effort, replace(wish, effort=None)
    if effort in _NO_REASONING or wish.mode == "off":
        return wish
    budget, limit = _BUDGETS.get(effort, _LARGEST_BUDGET), request.limits.output
    if own or wish.budget is not None or (limit is not None and limit <= budget):
        receipts.append(_dropped("reasoning.effort", f"model {model.id!r} takes none"))
        return plain
    reason = f"model {model.id!r} takes none: it is said as {budget} tokens"
    receipts.append(Receipt("reasoning.effort", "emulated", reason))
    return replace(plain, mode="on", budget=budget)


Step: TypeAlias = Callable[[ChatRequest, ModelEntry, list[Receipt]], ChatRequest]

_STEPS: Final[dict[str, Step]] = {
    "stop": _without_stop,
    "reasoning.budget": _without_budget,
    "reasoning.off": _without_off,
    "tool_choice.forced": _without_force,
}

WORDS: Final = frozenset(_NEUTRAL) | frozenset(_STEPS)
"""The words of `parameters.toml` that are no fields of a body."""
