"""How much a model is to think: the format has one word for it, and each family of models its own.

What has no word of the format's stands in `additionalModelRequestFields`.
"""

import re
from typing import Final

from msgspec.structs import replace

from dragoman.chat import ChatRequest, JsonObject, ReasoningWish
from dragoman.wire.receipts import Receipts

_CLAUDE: Final = re.compile(r"anthropic\.claude")
# As of 2026-11, those think by budgets alone, or not at all; later ones decide by an effort.
# https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
_BY_BUDGET: Final = re.compile(
    r"claude-(?:3-7|(?:sonnet|opus|haiku)-4-[15]|(?:sonnet|opus)-4-2025)"
)
_THOUGHTLESS: Final = re.compile(r"claude-(?:v\d|instant|3-(?!7))")
_LEAST_BUDGET: Final = 1024
# https://ai.google.dev/gemini-api/docs/openai#thinking maps the same words so.
_BUDGETS: Final = {"low": 1_024, "medium": 8_192}
_LARGEST_BUDGET: Final = 24_576

# https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html
_NOVA: Final = re.compile(r"amazon\.nova-2")
# https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html
_GPT: Final = re.compile(r"openai\.gpt-")
_THREE: Final = {"minimal": "low", "low": "low", "medium": "medium"}


def with_thinking(request: ChatRequest, receipts: Receipts) -> tuple[ChatRequest, JsonObject, bool]:
    """Give the request with the effort that the format says; the fields for the model; and
    whether the model will think, where that forbids something else.
    """
    wish = request.reasoning
    if wish is None:
        return request, {}, False
    receipts.left_behind(wish.extras, "reasoning")
    plain = replace(request, reasoning=None)
    idle = wish.mode == "off" or wish.effort == "none" or wish.budget == 0
    if _CLAUDE.search(request.model) and not _THOUGHTLESS.search(request.model):
        if idle:
            return plain, {"thinking": {"type": "disabled"}}, False
        return _of_claude(request, wish, receipts)
    if _NOVA.search(request.model):
        return _of_nova(plain, wish, receipts, idle=idle)
    if _GPT.search(request.model):
        effort = "low" if idle else _three(wish, receipts)
        if idle:
            receipts.emulated("reasoning", "this model always thinks: it is asked for the least")
        return plain, {"reasoning_effort": effort}, False
    if not idle:
        receipts.dropped("reasoning", "there is no known word for it with this model")
    return plain, {}, False


def _of_claude(
    request: ChatRequest, wish: ReasoningWish, receipts: Receipts
) -> tuple[ChatRequest, JsonObject, bool]:
    if not _BY_BUDGET.search(request.model):
        effort = "low" if wish.effort == "minimal" else wish.effort
        if effort != wish.effort:
            receipts.emulated("reasoning.effort", "the least effort here is low")
        if wish.budget is not None:
            receipts.emulated("reasoning.budget", "this model decides by itself how much to think")
        said = None if effort is None else ReasoningWish(effort=effort)
        return replace(request, reasoning=said), {"thinking": {"type": "adaptive"}}, True
    budget = wish.budget
    if budget is None:
        budget = _BUDGETS.get(wish.effort or "medium", _LARGEST_BUDGET)
        if wish.effort == "minimal":
            budget = _LEAST_BUDGET
        receipts.emulated("reasoning.effort", f"it is said as {budget} tokens")
    fit = _fitting(budget, request.limits.output)
    request = replace(request, reasoning=None)
    if fit is None:
        receipts.dropped("reasoning", f"it needs room for {_LEAST_BUDGET} tokens and an answer")
        return request, {}, False
    if fit != budget:
        receipts.emulated("reasoning.budget", f"between the least and the limit there are {fit}")
    return request, {"thinking": {"type": "enabled", "budget_tokens": fit}}, True


def _fitting(budget: int, limit: int | None) -> int | None:
    """Give a budget that is taken: at least 1024, and below the limit of the whole answer."""
    budget = max(budget, _LEAST_BUDGET)
    if limit is None or budget < limit:
        return budget
    return limit - 1 if limit > _LEAST_BUDGET else None


def _of_nova(
    request: ChatRequest, wish: ReasoningWish, receipts: Receipts, *, idle: bool
) -> tuple[ChatRequest, JsonObject, bool]:
    if idle:
        return request, {"reasoningConfig": {"type": "disabled"}}, False
    effort = _three(wish, receipts)
    if effort == "high":
        # It takes no other limit then.
        if request.limits.output is not None:
            receipts.dropped("max_tokens", "this model takes none beside a high effort")
        for name in ("temperature", "top_p"):
            if getattr(request.sampling, name) is not None:
                receipts.dropped(name, "this model takes none beside a high effort")
        limits = replace(request.limits, output=None)
        sampling = replace(request.sampling, temperature=None, top_p=None)
        request = replace(request, limits=limits, sampling=sampling)
    return request, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}, False


def _three(wish: ReasoningWish, receipts: Receipts) -> str:
    """Say an effort in the three words that there are."""
    if wish.effort is None:
        receipts.emulated("reasoning.budget", "it is said as a medium effort")
        return "medium"
    effort = _THREE.get(wish.effort, "high")
    if effort != wish.effort:
        receipts.emulated("reasoning.effort", f"it is said as {effort!r}")
    return effort
