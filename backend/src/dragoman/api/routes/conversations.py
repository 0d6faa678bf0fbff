"""`/api/v1/conversations`: made, found, read, changed, thrown away and brought back."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import msgspec
from fastapi import APIRouter, Query, Request, Response

from dragoman.api.body import decode_json, read_body
from dragoman.api.conversation import (
    ConversationPage,
    ConversationView,
    ConversationWishes,
    ConversationWithMessages,
    read_changes,
    read_wishes,
    view,
    view_page,
    view_with_messages,
)
from dragoman.api.openapi import answers, takes
from dragoman.chat import InvalidInput
from dragoman.services.routing import Setup
from dragoman.storage import Wishes

if TYPE_CHECKING:
    from dragoman.services.conversation_service import ConversationService

MOST: Final = 100
"""The longest page of the list."""
MOST_MESSAGES: Final = 1000
"""The most messages of a conversation in one answer."""
MOST_TERMS: Final = 8

_Search = Annotated[
    str, Query(max_length=200, description="Words that stand in the title or in a message.")
]
_Limit = Annotated[int, Query(ge=1, le=MOST)]
_Cursor = Annotated[
    str | None, Query(max_length=20, description="`nextCursor` of the page before.")
]
_Messages = Annotated[int, Query(ge=1, le=MOST_MESSAGES, description="How many messages at most.")]
_Before = Annotated[
    str | None, Query(max_length=100, description="Only messages before this one, by its id.")
]


_Conversations: TypeAlias = "Callable[[], ConversationService]"

_ONE: Final = "/conversations/{conversation_id}"


def conversations_router(conversations: _Conversations, setup: Callable[[], Setup]) -> APIRouter:
    """Make the router; `setup` tells which models a conversation may name."""
    router = APIRouter(prefix="/api/v1", tags=["conversations"])
    _add_all(router, conversations, setup)
    _add_one(router, conversations, setup)
    _add_ends(router, conversations)
    return router


def _add_all(router: APIRouter, conversations: _Conversations, setup: Callable[[], Setup]) -> None:
    """Add what is asked of all conversations."""

    @router.post(
        "/conversations",
        status_code=201,
        summary="Begin a conversation",
        openapi_extra=takes(ConversationWishes),
        responses=answers(ConversationView, status=201),
    )
    async def create(request: Request) -> Response:
        """Begin a conversation; without a title, it is named after its first message."""
        wanted = read_wishes(await _json(request))
        _check_model(wanted.model, setup())
        wishes = Wishes(wanted.system_prompt, wanted.model, wanted.temperature, wanted.max_tokens)
        return _answer(view(await conversations().create(wanted.title, wishes)), status=201)

    @router.get("/conversations", summary="List conversations", responses=answers(ConversationPage))
    async def find(q: _Search = "", limit: _Limit = 50, cursor: _Cursor = None) -> Response:
        """List conversations, the latest activity first; with `q`, those that have every word."""
        page = await conversations().find(
            terms=_terms(q), limit=limit, cursor=None if cursor is None else _number(cursor)
        )
        return _answer(view_page(page))


def _add_one(router: APIRouter, conversations: _Conversations, setup: Callable[[], Setup]) -> None:
    """Add what is asked of one."""

    @router.get(_ONE, summary="Read a conversation", responses=answers(ConversationWithMessages))
    async def read(
        conversation_id: str, limit: _Messages = MOST_MESSAGES, before: _Before = None
    ) -> Response:
        """Read a conversation and its messages, all branches and attempts."""
        thread = await conversations().get(conversation_id, limit=limit, before=before)
        return _answer(view_with_messages(thread))

    @router.put(_ONE, include_in_schema=False)
    @router.patch(
        _ONE,
        summary="Change a conversation",
        openapi_extra=takes(ConversationWishes),
        responses=answers(ConversationView),
    )
    async def change(conversation_id: str, request: Request) -> Response:
        """Change the title or the settings; what is not named stays, null takes a setting back."""
        changes = read_changes(await _json(request))
        _check_model(changes.model if isinstance(changes.model, str) else None, setup())
        return _answer(view(await conversations().change(conversation_id, changes)))


def _add_ends(router: APIRouter, conversations: _Conversations) -> None:
    """Add what ends a conversation or a reply, and what takes that back."""

    @router.delete(_ONE, status_code=204, summary="Throw a conversation away")
    async def delete(conversation_id: str) -> Response:
        """Throw a conversation away, stopping a reply in it; it can be restored for 30 days."""
        await conversations().delete(conversation_id)
        return Response(status_code=204)

    @router.post(
        f"{_ONE}/restore", summary="Bring a conversation back", responses=answers(ConversationView)
    )
    async def restore(conversation_id: str, request: Request) -> Response:
        """Bring back a conversation that was thrown away."""
        await read_body(request.scope, request.receive)
        return _answer(view(await conversations().restore(conversation_id)))

    @router.post("/messages/{message_id}/stop", status_code=204, summary="Stop a reply")
    async def stop(message_id: str, request: Request) -> Response:
        """Stop a reply that is being written, and keep what it said; one that ended stays."""
        await read_body(request.scope, request.receive)
        await conversations().stop(message_id)
        return Response(status_code=204)


async def _json(request: Request) -> object:
    return decode_json(await read_body(request.scope, request.receive))


def _answer(value: msgspec.Struct, *, status: int = 200) -> Response:
    content = msgspec.json.encode(value)
    return Response(content, status_code=status, media_type="application/json")


def _terms(search: str) -> list[str]:
    if "\x00" in search:
        raise InvalidInput("q", "must not have a NUL character in it", status=422)
    return search.split()[:MOST_TERMS]


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal()):
        raise InvalidInput("cursor", "must be the nextCursor of a page", status=422)
    return int(cursor)


def _check_model(model: str | None, setup: Setup) -> None:
    """Raise `InvalidInput` that lists the known ids if `model` is none of them."""
    if model is not None:
        setup.candidates(model)
