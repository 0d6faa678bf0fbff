"""`/v1/responses`: asked like every front door, and kept, read again and deleted here."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from fastapi import APIRouter, Request, Response

from dragoman.api.asking import MAX_REQUEST
from dragoman.api.body import read_body
from dragoman.api.doors.kept_responses import Keeper, listed, prepared
from dragoman.api.errors import Receive, Scope, Send
from dragoman.api.receipts import receipt_headers
from dragoman.api.routes.chat import ChatRoute
from dragoman.chat import InvalidInput, JsonObject

if TYPE_CHECKING:
    from dragoman.services.response_service import ResponseService

PATH: Final = "/v1/responses"
_MOST_ITEMS: Final = 100
"""The longest page of the list of items; the usual one has 20."""

_NUMBER: Final = re.compile("[0-9]{1,5}")

_HERE: Final = "there are no responses in the background here: end a stream by closing it"
# What the vendor has besides, with what to do instead.
_MISSING: Final = {
    f"{PATH}/{{response_id}}/cancel": _HERE,
    f"{PATH}/compact": "nothing compacts a conversation here: ask a model to sum it up",
    f"{PATH}/input_tokens": "nothing counts these here: ask /v1/messages/count_tokens",
}


class ResponsesRoute:
    """The front door of the Responses format: `door` answers, `responses` are kept."""

    def __init__(self, door: ChatRoute, responses: "Callable[[], ResponseService]") -> None:
        self._door = door
        self._responses = responses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; see `ChatRoute`."""
        body = await read_body(scope, receive, limit=MAX_REQUEST)
        request = self._door.read(body, scope)
        responses = self._responses()
        asked = await prepared(body, request, responses)
        del body, request  # an answer may take long, and they may be long
        keeper = Keeper(responses, asked)
        if keeper.keeps:
            await responses.make_ready()
        record = scope["state"]["record"]
        await self._door.answer(asked.request, record, receive, send, witness=keeper)


def responses_router(responses: "Callable[[], ResponseService]") -> APIRouter:
    """Make the router for what is kept."""
    router = APIRouter(tags=["clients"])
    one = f"{PATH}/{{response_id}}"

    @router.get(one, summary="Read a response again, as OpenAI does")
    async def read(request: Request, response_id: str) -> Response:
        """Read a response as it was told."""
        if request.query_params.get("stream", "false").lower() not in ("false", "0"):
            problem = "a response is streamed once, while it is made: read it whole"
            raise InvalidInput("stream", problem, reason="unsupported_parameter")
        kept = await responses().get(response_id)
        told = {name.decode(): value.decode() for name, value in receipt_headers(kept.receipts)}
        body = msgspec.json.encode(kept.body)
        return Response(body, headers=told, media_type="application/json")

    @router.delete(one, summary="Delete a response, as OpenAI does")
    async def delete(response_id: str) -> JsonObject:
        """Delete a response; those that go on from it keep what was said."""
        await responses().delete(response_id)
        return {"id": response_id, "object": "response", "deleted": True}

    @router.get(f"{one}/input_items", summary="List what a response was asked, as OpenAI does")
    async def list_items(request: Request, response_id: str) -> JsonObject:
        """List the items of a response's input, those that it went on from included."""
        items = list(listed(await responses().steps(response_id)))
        return _page(items, request.query_params)

    for path, problem in _MISSING.items():
        router.add_api_route(path, _missing(problem), methods=["POST"], include_in_schema=False)
    return router


def _missing(problem: str) -> Callable[[], None]:
    def refuse() -> None:
        raise InvalidInput("", problem, status=404, reason="not_found")

    return refuse


def _page(items: Sequence[JsonObject], asked: Mapping[str, str]) -> JsonObject:
    """Give the page that `order`, `after` and `limit` ask for. Raises `InvalidInput`."""
    order = asked.get("order", "desc")
    if order not in ("asc", "desc"):
        raise InvalidInput("order", "must be asc or desc")
    ordered = list(items) if order == "asc" else list(reversed(items))
    left = ordered[_place(ordered, asked["after"]) :] if "after" in asked else ordered
    shown = left[: _limit(asked)]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(left) > len(shown),
    }


def _place(items: Sequence[JsonObject], after: str) -> int:
    for place, item in enumerate(items):
        if item["id"] == after:
            return place + 1
    raise InvalidInput("after", "is not the id of an item of this response")


def _limit(asked: Mapping[str, str]) -> int:
    text = asked.get("limit", "20")
    if _NUMBER.fullmatch(text) and 1 <= int(text) <= _MOST_ITEMS:
        return int(text)
    raise InvalidInput("limit", f"must be a whole number from 1 to {_MOST_ITEMS}")
