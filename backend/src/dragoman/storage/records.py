"""What is stored, as values: conversations, and the messages that hang on one another in them.

Conversation
  └─ StoredMessage (user) ─ parent of ─▶ StoredMessage (assistant): one attempt at a reply
                                           └─ parent of ─▶ the next user message
A second reply to the same message, and a second wording of the same message, are siblings.
A KeptResponse is what a program was answered and may come back to; it goes on after Steps.
Times are in milliseconds since 1970, UTC.
"""

from enum import StrEnum
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from dragoman.chat import JsonObject, Receipt, Usage

UNTITLED: Final = "New conversation"


class State(StrEnum):
    """How far a turn is: a message waits (`pending`), its reply is written (`streaming`), then
    both are as the turn ended.
    """

    PENDING = "pending"
    STREAMING = "streaming"
    COMPLETE = "complete"
    ERROR = "error"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Mishap(Struct, frozen=True, omit_defaults=True):
    """Why a reply failed, as the client was told; `retry_after` is in seconds, `request_id` finds
    it in the log.
    """

    code: str
    reason: str
    message: str
    detail: JsonObject | None = None
    retry_after: float | None = None
    request_id: str | None = None


class Timing(Struct, frozen=True, omit_defaults=True):
    """How long a reply took, in milliseconds, from the moment when its model was asked."""

    total_ms: float
    first_token_ms: float | None = None


class Wishes(Struct, frozen=True):
    """What a conversation asks of its models; `None` leaves it to the server or the vendor."""

    system_prompt: str | None = None
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None


class Changes(Struct, frozen=True):
    """What is to be different in a conversation; what is unset stays as it is."""

    title: str | UnsetType = UNSET
    system_prompt: str | UnsetType | None = UNSET
    model: str | UnsetType | None = UNSET
    temperature: float | UnsetType | None = UNSET
    max_tokens: int | UnsetType | None = UNSET


class Conversation(Struct, frozen=True, kw_only=True):
    """A conversation, without what is said in it.

    `updated_at` is the time of its last activity: its creation, a message, or a reply's end.
    `active_leaf` is the message last written.
    """

    id: str
    title: str
    created_at: int
    updated_at: int
    wishes: Wishes = Wishes()
    active_leaf: str | None = None


class StoredMessage(Struct, frozen=True, kw_only=True):
    """One message, or one attempt at a reply (role `assistant`), as far as it came."""

    id: str
    parent_id: str | None
    role: Literal["user", "assistant"]
    state: State
    text: str
    created_at: int
    reasoning: str = ""
    model: str | None = None
    provider: str | None = None
    stop_reason: str | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    error: Mishap | None = None
    receipts: tuple[Receipt, ...] | None = None


class Node(Struct, frozen=True):
    """A message as a place in the tree of its conversation; `spoken` says that it has words."""

    id: str
    parent_id: str | None
    role: Literal["user", "assistant"]
    state: State
    spoken: bool
    model: str | None = None


class Outcome(Struct, frozen=True, kw_only=True):
    """How a reply ended, and all that was said until then."""

    state: State
    text: str
    reasoning: str = ""
    stop_reason: str | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    error: Mishap | None = None
    receipts: tuple[Receipt, ...] | None = None


class Listed(Struct, frozen=True):
    """A conversation in a list: with the models that answered in it, and the words found."""

    conversation: Conversation
    models: tuple[str, ...] = ()
    snippet: str | None = None


class Page(Struct, frozen=True):
    """A part of the list of conversations; `cursor` leads to the next part."""

    conversations: tuple[Listed, ...]
    cursor: str | None = None


class Thread(Struct, frozen=True):
    """A conversation with its messages, all branches, in the order in which they were made.

    `before` is the id to ask with for the messages before these, `None` if there are none.
    """

    conversation: Conversation
    messages: tuple[StoredMessage, ...]
    before: str | None = None


class KeptResponse(Struct, frozen=True, kw_only=True):
    """What a program was answered: `body` as it was told, in JSON, with `output` in its place.

    `asked` is what the client said in this request alone, `output` what the model said in return,
    item by item; `receipts` what the translation of the request changed.
    """

    id: str
    body: JsonObject
    asked: tuple[JsonObject, ...]
    output: tuple[JsonObject, ...]
    created_at: int = 0
    receipts: tuple[Receipt, ...] = ()


class Step(Struct, frozen=True):
    """One request and its answer, on the way to a response: what later ones inherit.

    `seq` is its number in the database.
    """

    seq: int
    asked: tuple[JsonObject, ...]
    output: tuple[JsonObject, ...]
