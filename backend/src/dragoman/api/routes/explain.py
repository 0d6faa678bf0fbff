"""`POST /api/v1/explain`: what would be sent for a request, and what it may cost; sends nothing."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec.structs import replace

from dragoman.api.asking import MAX_REQUEST, read_request
from dragoman.api.body import read_body
from dragoman.api.doors.dialects import DIALECTS
from dragoman.api.doors.kept_responses import prepared
from dragoman.api.explanation import Enquiry, EstimatedCost, Explanation, SentRequest
from dragoman.api.headers import by_name
from dragoman.api.openapi import answers, takes
from dragoman.chat import ChatRequest, InvalidInput, Usage
from dragoman.services.counting import estimate
from dragoman.services.prices import Cost, cost_of
from dragoman.services.providers import Explains
from dragoman.services.routing import Candidate, Setup
from dragoman.wire.fields import Fields, read_object

if TYPE_CHECKING:
    from dragoman.services.response_service import ResponseService


def explain_router(
    setup: Callable[[], Setup],
    strict: Callable[[], bool],
    responses: "Callable[[], ResponseService]",
) -> APIRouter:
    """Make the router; `setup` gives the models as they are, `strict` the operator's wish.

    `responses` are what a request may go on from.
    """
    router = APIRouter(prefix="/api/v1", tags=["explain"])

    @router.post(
        "/explain",
        summary="Show what would be sent",
        openapi_extra=takes(Enquiry),
        responses=answers(Explanation),
    )
    async def explain(request: Request) -> Response:
        """Translate a request, and send nothing."""
        body = await read_body(request.scope, request.receive, limit=MAX_REQUEST)
        asked = await _read(read_object(body), strict=strict(), responses=responses)
        candidate = setup().candidates(asked.model)[0]
        # The list of prices takes a moment to be read, the first time.
        explanation = await asyncio.to_thread(_explain, asked, candidate)
        return Response(msgspec.json.encode(explanation), media_type="application/json")

    return router


async def _read(
    fields: Fields, *, strict: bool, responses: "Callable[[], ResponseService]"
) -> ChatRequest:
    name = fields.text("dialect")
    if name not in DIALECTS:
        raise InvalidInput("dialect", f"must be one of {', '.join(DIALECTS)}")
    body = fields.maybe_object("request")
    if body is None:
        raise InvalidInput("request", "is required: the body that a program would send")
    told = by_name(_headers(fields.maybe_object("headers")))
    encoded = msgspec.json.encode(body.rest())
    request = read_request(DIALECTS[name], encoded, told, strict=strict)
    if DIALECTS[name].keeps:
        request = (await prepared(encoded, request, responses())).request
    model, stream = fields.maybe_text("model"), fields.maybe_flag("stream")
    return replace(
        request,
        model=request.model if model is None else model,
        stream=request.stream if stream is None else stream,
    )


def _headers(fields: Fields | None) -> list[tuple[bytes, bytes]]:
    if fields is None:
        return []
    names = list(fields.rest())
    return [
        (name.lower().encode("latin-1", "replace"), fields.text(name).encode("latin-1", "replace"))
        for name in names
    ]


def _explain(request: ChatRequest, candidate: Candidate) -> Explanation:
    """Translate a request. Raises `LLMServiceError` for what cannot be said."""
    entry, model = candidate.model, candidate.llm
    if not isinstance(model, Explains):
        raise InvalidInput("model", f"provider {entry.provider!r} cannot tell what it would send")
    outgoing = model.outgoing(request)
    shown = outgoing.shown()
    tokens, most = estimate(request), request.limits.output or entry.max_output_tokens
    return Explanation(
        model=entry.id,
        provider=entry.provider,
        request=SentRequest(shown.method, shown.url, shown.headers, shown.body),
        receipts=outgoing.receipts,
        input_tokens=tokens,
        max_output_tokens=most,
        context_window=entry.context_window,
        cost=_cost(candidate, tokens, most),
    )


def _cost(candidate: Candidate, tokens: int, most: int | None) -> EstimatedCost | None:
    asked = cost_of(candidate.model, Usage(tokens, 0))
    if asked is None:
        return None
    whole: Cost | None = None if most is None else cost_of(candidate.model, Usage(tokens, most))
    return EstimatedCost(asked.usd, None if whole is None else whole.usd, asked.source)
