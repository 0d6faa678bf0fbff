"""Conversations as clients of this API read and write them: their JSON, checked field by field."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from dragoman.api.answer import Times, TokenUsage, token_usage
from dragoman.chat import InvalidInput, Json, JsonObject, Receipt
from dragoman.storage import (
    Changes,
    Conversation,
    Listed,
    Mishap,
    Page,
    State,
    StoredMessage,
    Thread,
    Timing,
)
from dragoman.wire.fields import Fields

ReplyState: TypeAlias = Literal["streaming", "complete", "error", "cancelled", "interrupted"]

LONGEST_TITLE: Final = 200
LONGEST_PROMPT: Final = 100_000
HOTTEST: Final = 2.0
MOST_TOKENS: Final = 1_000_000_000


class ConversationWishes(Struct, frozen=True, rename="camel"):
    """What is wanted of a conversation; null leaves it to the server or the vendor."""

    title: Annotated[str, Meta(min_length=1, max_length=LONGEST_TITLE)] | None = None
    system_prompt: Annotated[str, Meta(max_length=LONGEST_PROMPT)] | None = None
    model: str | None = None
    temperature: Annotated[float, Meta(ge=0, le=HOTTEST)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=MOST_TOKENS)] | None = None


class ConversationView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A conversation, without what is said in it. `updatedAt` is the time of its last activity."""

    id: str
    title: str
    created_at: str
    updated_at: str
    system_prompt: str | None
    model: str | None
    temperature: float | None
    max_tokens: int | None


class Failure(Struct, frozen=True, rename={"retry_after": "retryAfter"}, omit_defaults=True):
    """Why a reply failed, as it was told then; `retryAfter` is in seconds."""

    code: str
    reason: str
    message: str
    detail: JsonObject | None = None
    retry_after: float | None = None
    request_id: str | None = None


class MessageView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One message, or one attempt at a reply; `system` is the model's turn (an old word).

    What hangs on which message is told by `parentId`: replies to one message are attempts, messages
    with one parent are wordings. `receipts` tell what of the question its model was not told, or
    was told in other words.
    """

    id: str
    sender: Literal["user", "system"]
    text: str
    state: ReplyState
    model: str | None
    provider: str | None
    timestamp: str
    usage: TokenUsage | None
    timing: Times | None
    error: Failure | None
    parent_id: str | None
    stop_reason: str | None
    reasoning: str | None
    receipts: tuple[Receipt, ...]


class ConversationWithMessages(ConversationView, frozen=True, kw_only=True, rename="camel"):
    """A conversation with its last messages, in the order in which they were made, all branches.

    `activeLeaf` is the message last written. `nextBefore` is what to send as `before` for the
    messages before these, null if there are none.
    """

    messages: tuple[MessageView, ...]
    active_leaf: str | None
    next_before: str | None


class ConversationSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """A conversation in the list: `models` answered in it, `snippet` has the words looked for."""

    id: str
    title: str
    created_at: str
    updated_at: str
    model: str | None
    models: tuple[str, ...]
    snippet: str | UnsetType = UNSET


class ConversationPage(Struct, frozen=True, rename="camel"):
    """A part of the list; `nextCursor` leads to the next, null at the end."""

    conversations: tuple[ConversationSummary, ...]
    next_cursor: str | None


_STATES: Final[dict[State, ReplyState]] = {
    State.PENDING: "streaming",
    State.STREAMING: "streaming",
    State.COMPLETE: "complete",
    State.ERROR: "error",
    State.CANCELLED: "cancelled",
    State.INTERRUPTED: "interrupted",
}


def read_wishes(body: Json) -> ConversationWishes:
    """Read what is wanted of a new conversation. Raises `InvalidInput` (422) with the field."""
    given = read_changes(body)
    return ConversationWishes(
        **{name: value for name, value in asdict(given).items() if value is not UNSET}
    )


def read_changes(body: Json) -> Changes:
    """Read what is to be different, ignoring unknown fields. Raises like `read_wishes`."""
    try:
        return _read(Fields(body))
    except InvalidInput as error:
        raise InvalidInput(error.path, error.problem, status=422) from error


def _read(fields: Fields) -> Changes:
    return Changes(
        title=_title(fields) if fields.has("title") else UNSET,
        system_prompt=_system_prompt(fields) if fields.has("systemPrompt") else UNSET,
        model=fields.maybe_text("model") if fields.has("model") else UNSET,
        temperature=_temperature(fields) if fields.has("temperature") else UNSET,
        max_tokens=_max_tokens(fields) if fields.has("maxTokens") else UNSET,
    )


def _title(fields: Fields) -> str:
    title = " ".join(fields.text("title").split())
    if not title:
        raise InvalidInput("title", "must not be blank")
    if len(title) > LONGEST_TITLE:
        raise InvalidInput("title", f"must be at most {LONGEST_TITLE} characters long")
    return title


def _system_prompt(fields: Fields) -> str | None:
    prompt = fields.maybe_text("systemPrompt")
    if prompt is not None and len(prompt) > LONGEST_PROMPT:
        raise InvalidInput("systemPrompt", f"must be at most {LONGEST_PROMPT:,} characters long")
    return prompt if prompt and prompt.strip() else None


def _temperature(fields: Fields) -> float | None:
    temperature = fields.maybe_number("temperature")
    if temperature is not None and not 0 <= temperature <= HOTTEST:
        raise InvalidInput("temperature", f"must be from 0 to {HOTTEST:.0f}")
    return temperature


def _max_tokens(fields: Fields) -> int | None:
    tokens = fields.maybe_int("maxTokens", least=1)
    if tokens is not None and tokens > MOST_TOKENS:
        raise InvalidInput("maxTokens", f"must be at most {MOST_TOKENS:,}")
    return tokens


def view(conversation: Conversation) -> ConversationView:
    """Give a conversation as clients read it."""
    return ConversationView(**_facts(conversation))


def view_with_messages(thread: Thread) -> ConversationWithMessages:
    """Give a conversation with its messages as clients read them."""
    return ConversationWithMessages(
        **_facts(thread.conversation),
        messages=tuple(map(_message, thread.messages)),
        active_leaf=thread.conversation.active_leaf,
        next_before=thread.before,
    )


def view_page(page: Page) -> ConversationPage:
    """Give a part of the list as clients read it."""
    return ConversationPage(tuple(map(_summary, page.conversations)), page.cursor)


def _facts(conversation: Conversation) -> dict[str, Json]:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "created_at": _time(conversation.created_at),
        "updated_at": _time(conversation.updated_at),
        **asdict(conversation.wishes),
    }


def _summary(listed: Listed) -> ConversationSummary:
    conversation = listed.conversation
    return ConversationSummary(
        id=conversation.id,
        title=conversation.title,
        created_at=_time(conversation.created_at),
        updated_at=_time(conversation.updated_at),
        model=conversation.wishes.model,
        models=listed.models,
        snippet=UNSET if listed.snippet is None else listed.snippet,
    )


def _message(message: StoredMessage) -> MessageView:
    by_user = message.role == "user"
    return MessageView(
        id=message.id,
        sender="user" if by_user else "system",
        text=message.text,
        # What became of a message is told by the replies to it.
        state="complete" if by_user else _STATES[message.state],
        model=message.model,
        provider=message.provider,
        timestamp=_time(message.created_at),
        usage=None if message.usage is None else token_usage(message.usage),
        timing=None if message.timing is None else _times(message.timing),
        error=None if message.error is None else _failure(message.error),
        parent_id=message.parent_id,
        stop_reason=message.stop_reason,
        reasoning=message.reasoning or None,
        receipts=message.receipts or (),
    )


def _time(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _times(timing: Timing) -> Times:
    return Times(timing.first_token_ms, timing.total_ms)


def _failure(mishap: Mishap) -> Failure:
    return Failure(**asdict(mishap))
