"""The settings of an answer, written as `generationConfig`."""

import re
from typing import Final

from dragoman.chat import ChatRequest, JsonObject, Output, ReasoningWish
from dragoman.wire.gemini.parts_out import Terms
from dragoman.wire.gemini.schemas import recalled
from dragoman.wire.gemini.spelling import respelled
from dragoman.wire.gemini.words import (
    LEVEL,
    ONE_CANDIDATE,
    OPENAPI,
    SCHEMA_ALONE,
    forms_of,
    is_own,
    mark_of,
    own,
    put_back,
    said_only,
)

# As of 2026-11, https://ai.google.dev/gemini-api/docs/thinking: 2.5 knows budgets alone, what came
# before does not think, and what comes after thinks by levels, and takes budgets, too.
_BY_BUDGET: Final = re.compile(r"gemini-2\.5")
_THOUGHTLESS: Final = re.compile(r"gemini-(?:1|2\.0)|gemma-[123]")
_PRO: Final = re.compile(r"gemini-.*pro")

# https://ai.google.dev/gemini-api/docs/openai#thinking
_BUDGETS: Final = {"minimal": 1_024, "low": 1_024, "medium": 8_192}
_LARGEST_BUDGET: Final = 24_576
_LEAST_OF_PRO: Final = 128
_LEVELS: Final = frozenset({"minimal", "low", "medium", "high"})


def write_config(request: ChatRequest, terms: Terms) -> JsonObject:
    """Write the settings; empty where nobody said any."""
    sampling, form = request.sampling, forms_of(request.extras)
    thinking = _thinking(request, terms)
    return said_only(
        {
            "temperature": sampling.temperature,
            "topP": sampling.top_p,
            "topK": sampling.top_k,
            "seed": sampling.seed,
            "presencePenalty": sampling.presence_penalty,
            "frequencyPenalty": sampling.frequency_penalty,
            "maxOutputTokens": request.limits.output,
            "stopSequences": list(request.stop) or None,
            "candidateCount": 1 if ONE_CANDIDATE in form else None,
            "thinkingConfig": thinking,
            **_output(request.output, terms),
        }
    )


def _output(output: Output | None, terms: Terms) -> JsonObject:
    match output:
        case None:
            return {}
        case Output("text"):
            return {"responseMimeType": "text/plain"}
        case Output("json_schema", schema=dict() as schema, extras=extras):
            terms.require("json_schema", "output")
            dialect = recalled(mark_of(extras, OPENAPI), schema)
            return {
                "responseMimeType": None if SCHEMA_ALONE in forms_of(extras) else _JSON,
                "responseSchema": dialect,
                "responseJsonSchema": schema if dialect is None else None,
            }
        case _:
            return {"responseMimeType": _JSON}


_JSON: Final = "application/json"


def _thinking(request: ChatRequest, terms: Terms) -> JsonObject | None:
    wish = request.reasoning
    if wish is None:
        return None
    if is_own(wish.extras):
        said = said_only({"thinkingBudget": _budget(wish), "thinkingLevel": _level(wish)})
        return respelled(put_back(said, own(wish.extras)), forms_of(wish.extras))
    if _THOUGHTLESS.search(request.model):
        if wish.mode in ("on", "adaptive") or wish.budget or wish.effort not in (None, "none"):
            terms.receipts.dropped("reasoning", "this model does not think")
        return None
    if wish.mode == "off" or wish.effort == "none" or wish.budget == 0:
        return _least(request.model, terms)
    return {**_much(wish, request.model, terms), "includeThoughts": True}


def _budget(wish: ReasoningWish) -> int | None:
    return {"off": 0, "adaptive": -1}.get(wish.mode or "", wish.budget)


def _level(wish: ReasoningWish) -> str | None:
    spelled = mark_of(wish.extras, LEVEL)
    return spelled if spelled is not None and spelled.lower() == wish.effort else wish.effort


def _least(model: str, terms: Terms) -> JsonObject:
    """Ask for as little thinking as the model can do with."""
    pro = _PRO.search(model) is not None
    if _BY_BUDGET.search(model) and not pro:
        return {"thinkingBudget": 0}
    terms.receipts.emulated("reasoning", "this model always thinks: it is asked for the least")
    if _BY_BUDGET.search(model):
        return {"thinkingBudget": _LEAST_OF_PRO}
    return {"thinkingLevel": "low" if pro else "minimal"}


def _much(wish: ReasoningWish, model: str, terms: Terms) -> JsonObject:
    by_budget = _BY_BUDGET.search(model) is not None
    match wish:
        case ReasoningWish(effort=str(effort), budget=None) if by_budget:
            budget = _BUDGETS.get(effort, _LARGEST_BUDGET)
            terms.receipts.emulated("reasoning.effort", f"it is said as {budget} tokens")
            return {"thinkingBudget": budget}
        case ReasoningWish(effort=str(effort), budget=budget) if not by_budget:
            if budget is not None:
                terms.receipts.dropped("reasoning.budget", "the effort says how hard to think")
            level = effort if effort in _LEVELS else "high"
            if level != effort:
                terms.receipts.emulated("reasoning.effort", f"it is said as {level!r}")
            return {"thinkingLevel": level}
        case ReasoningWish(effort=effort, budget=int(budget)):
            if effort is not None:
                terms.receipts.dropped("reasoning.effort", "the budget says how hard to think")
            return {"thinkingBudget": budget}
        case _:
            return {}
