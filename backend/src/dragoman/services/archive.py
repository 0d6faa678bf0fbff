"""Conversations as a file of JSON: everything that is stored of them, to be kept or moved.

{"format": "dragoman.conversations", "version": 1, "conversations": [{…, "messages": [{…}]}]}
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import asdict

from dragoman.chat import InvalidInput, JsonObject, Receipt, Usage
from dragoman.storage import (
    Conversation,
    Mishap,
    State,
    StoredMessage,
    Thread,
    Timing,
    Wishes,
)

FORMAT: Final = "dragoman.conversations"
VERSION: Final = 1

_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_UNFINISHED: Final = frozenset({State.PENDING, State.STREAMING})
_encode: Final = msgspec.json.Encoder().encode

ConversationId = Annotated[str, Meta(pattern=f"^conv-{_UUID}$")]
MessageId = Annotated[str, Meta(pattern=f"^msg-{_UUID}$")]


class ArchivedUsage(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Token counts; what the vendor did not say is left out."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


class ArchivedTiming(Struct, frozen=True, rename="camel", omit_defaults=True):
    """How long a reply took, in milliseconds."""

    total_ms: float
    first_token_ms: float | None = None


class ArchivedError(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Why a reply failed; `retryAfter` is in seconds."""

    code: str
    reason: str
    message: str
    detail: JsonObject | None = None
    retry_after: float | None = None
    request_id: str | None = None


class ArchivedMessage(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One message, or one attempt at a reply; `parentId` says what it hangs on."""

    id: MessageId
    parent_id: MessageId | None = None
    role: Literal["user", "assistant"]
    state: State = State.COMPLETE
    text: str
    reasoning: str = ""
    created_at: datetime
    model: str | None = None
    provider: str | None = None
    stop_reason: str | None = None
    usage: ArchivedUsage | None = None
    timing: ArchivedTiming | None = None
    error: ArchivedError | None = None
    receipts: tuple[Receipt, ...] | None = None


class ArchivedConversation(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A conversation with all its messages, parents first."""

    id: ConversationId
    title: Annotated[str, Meta(min_length=1)]
    created_at: datetime
    updated_at: datetime
    system_prompt: str | None = None
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    active_leaf: MessageId | None = None
    messages: tuple[ArchivedMessage, ...] = ()


class Archive(Struct, frozen=True):
    """The whole file."""

    format: Literal["dragoman.conversations"]
    version: Literal[1]
    conversations: tuple[ArchivedConversation, ...]


def write_archive(threads: Iterable[Thread]) -> Iterator[bytes]:
    """Write conversations as the pieces of a file, one at a time."""
    yield b'{"format":"%b","version":%d,"conversations":[' % (FORMAT.encode(), VERSION)
    for number, thread in enumerate(threads):
        yield (b",\n" if number else b"\n") + _encode(archived(thread))
    yield b"\n]}\n"


def read_archive(content: bytes) -> list[Thread]:
    """Read a file. Raises `InvalidInput` with the place of the first mistake."""
    try:
        archive = msgspec.json.decode(content, type=Archive)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput("", f"this is no archive of conversations: {error}") from error
    return [restored(conversation) for conversation in archive.conversations]


def archived(thread: Thread) -> ArchivedConversation:
    """Give a conversation as it stands in a file."""
    conversation = thread.conversation
    return ArchivedConversation(
        id=conversation.id,
        title=conversation.title,
        created_at=_moment(conversation.created_at),
        updated_at=_moment(conversation.updated_at),
        **asdict(conversation.wishes),
        active_leaf=conversation.active_leaf,
        messages=tuple(map(_archived, thread.messages)),
    )


def restored(conversation: ArchivedConversation) -> Thread:
    """Give a conversation of a file as it is stored. Raises `InvalidInput` if it is no tree."""
    _check_tree(conversation)
    return Thread(
        Conversation(
            id=conversation.id,
            title=conversation.title,
            created_at=_milliseconds(conversation.created_at),
            updated_at=_milliseconds(conversation.updated_at),
            wishes=Wishes(
                conversation.system_prompt,
                conversation.model,
                conversation.temperature,
                conversation.max_tokens,
            ),
            active_leaf=conversation.active_leaf,
        ),
        tuple(map(_restored, conversation.messages)),
    )


def _check_tree(conversation: ArchivedConversation) -> None:
    seen: set[str] = set()
    for message in conversation.messages:
        if message.id in seen:
            raise InvalidInput(message.id, "stands twice in its conversation")
        if message.parent_id is not None and message.parent_id not in seen:
            raise InvalidInput(
                message.id, f"its parent {message.parent_id} does not stand before it"
            )
        seen.add(message.id)
    if conversation.active_leaf is not None and conversation.active_leaf not in seen:
        raise InvalidInput(conversation.id, "its activeLeaf is none of its messages")


def _archived(message: StoredMessage) -> ArchivedMessage:
    usage, timing, error = message.usage, message.timing, message.error
    return ArchivedMessage(
        id=message.id,
        parent_id=message.parent_id,
        role=message.role,
        state=message.state,
        text=message.text,
        reasoning=message.reasoning,
        created_at=_moment(message.created_at),
        model=message.model,
        provider=message.provider,
        stop_reason=message.stop_reason,
        usage=None
        if usage is None
        else msgspec.convert(usage, ArchivedUsage, from_attributes=True),
        timing=None if timing is None else ArchivedTiming(timing.total_ms, timing.first_token_ms),
        error=None if error is None else ArchivedError(**asdict(error)),
        receipts=message.receipts,
    )


def _restored(message: ArchivedMessage) -> StoredMessage:
    usage, timing, error = message.usage, message.timing, message.error
    return StoredMessage(
        id=message.id,
        parent_id=message.parent_id,
        role=message.role,
        # Whoever wrote it to its end, it was not this server.
        state=State.INTERRUPTED if message.state in _UNFINISHED else message.state,
        text=message.text,
        reasoning=message.reasoning,
        created_at=_milliseconds(message.created_at),
        model=message.model,
        provider=message.provider,
        stop_reason=message.stop_reason,
        usage=None if usage is None else Usage(**asdict(usage)),
        timing=None if timing is None else Timing(timing.total_ms, timing.first_token_ms),
        error=None if error is None else Mishap(**asdict(error)),
        receipts=message.receipts,
    )


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _milliseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
