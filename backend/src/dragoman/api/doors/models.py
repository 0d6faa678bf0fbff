"""The lists of models as clients of each vendor read them: `/v1/models` and `/v1beta/models`."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fastapi import APIRouter, Request

from dragoman.api.doors.dialects import ANTHROPIC_MESSAGES, GEMINI
from dragoman.chat import InvalidInput, JsonObject
from dragoman.config.facts import ModelEntry
from dragoman.services.routing import Setup

# Both vendors' clients need a date, and take the epoch for one that is not known.
_CREATED: Final = 0
_CREATED_AT: Final = "1970-01-01T00:00:00Z"
_GEMINI_METHODS: Final = ("generateContent", "streamGenerateContent", "countTokens")
_MOST: Final = 1000
"""The longest page of Anthropic's list; its own is of 20 models."""
_NUMBER: Final = re.compile("[0-9]{1,5}")


def vendor_models_router(setup: Callable[[], Setup]) -> APIRouter:
    """Make the router; `setup` gives the models as they are at this moment."""
    router = APIRouter(tags=["clients"])

    @router.get("/v1/models", summary="List the models, as OpenAI, Anthropic or Google does")
    async def list_models(request: Request) -> JsonObject:
        """List the models that can be used, in the form of the vendor whose headers are sent."""
        models = setup().models.models
        if request.state.tongue is ANTHROPIC_MESSAGES:
            return _anthropic_page(models, request.query_params)
        if request.state.tongue is GEMINI:
            return _gemini_list(models)
        return {"object": "list", "data": [_openai(model) for model in models]}

    @router.get(
        "/v1/models/{model_id:path}", summary="Show one model, as OpenAI, Anthropic or Google does"
    )
    async def show_model(request: Request, model_id: str) -> JsonObject:
        """Show one model, in the form of the vendor whose headers are sent."""
        model = setup().candidates(model_id)[0].model
        return _ONE.get(request.state.tongue.wire.name, _openai)(model)

    @router.get("/v1beta/models", summary="List the models, as Google does")
    async def list_gemini_models() -> JsonObject:
        """List the models that can be used."""
        return _gemini_list(setup().models.models)

    @router.get("/v1beta/models/{model_id:path}", summary="Show one model, as Google does")
    async def show_gemini_model(model_id: str) -> JsonObject:
        """Show one model."""
        return _gemini(setup().candidates(model_id)[0].model)

    return router


def _openai(model: ModelEntry) -> JsonObject:
    return {
        "id": model.id,
        "object": "model",
        "created": _CREATED,
        "owned_by": model.provider,
    }


def _anthropic(model: ModelEntry) -> JsonObject:
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.name,
        "created_at": _CREATED_AT,
        "max_input_tokens": model.context_window,
        "max_tokens": model.max_output_tokens,
    }


def _anthropic_page(models: Sequence[ModelEntry], asked: Mapping[str, str]) -> JsonObject:
    """Give the page that `limit`, `after_id` and `before_id` ask for.

    Raises `InvalidInput` for a limit that is none, or an id that is not in the list.
    """
    ids = [model.id for model in models]
    begin = _place(ids, "after_id", asked) + 1 if "after_id" in asked else 0
    end = _place(ids, "before_id", asked) if "before_id" in asked else len(ids)
    limit = _limit(asked)
    cut = slice(max(begin, end - limit), end) if "before_id" in asked else slice(begin, end)
    wanted = models[cut]
    page = wanted[:limit]
    more = len(wanted) > limit or ("before_id" in asked and (cut.start or 0) > begin)
    return {
        "data": [_anthropic(model) for model in page],
        "has_more": more,
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
    }


def _place(ids: Sequence[str], name: str, asked: Mapping[str, str]) -> int:
    try:
        return ids.index(asked[name])
    except ValueError:
        raise InvalidInput(name, "is not the id of a model here") from None


def _limit(asked: Mapping[str, str]) -> int:
    text = asked.get("limit", str(_MOST))
    if _NUMBER.fullmatch(text) and 1 <= int(text) <= _MOST:
        return int(text)
    raise InvalidInput("limit", f"must be a whole number from 1 to {_MOST}")


def _gemini(model: ModelEntry) -> JsonObject:
    known = {
        "name": f"models/{model.id}",
        "displayName": model.name,
        "description": model.description,
        "inputTokenLimit": model.context_window,
        "outputTokenLimit": model.max_output_tokens,
        "supportedGenerationMethods": list(_GEMINI_METHODS),
    }
    return {name: value for name, value in known.items() if value is not None}


def _gemini_list(models: Sequence[ModelEntry]) -> JsonObject:
    return {"models": [_gemini(model) for model in models]}


_ONE: Final = {
    ANTHROPIC_MESSAGES.wire.name: _anthropic,
    GEMINI.wire.name: _gemini,
}
