"""The beginning of a turn, as one transaction: what is said, a place for its reply, the context."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.engine import Connection

from dragoman.chat import ChatRequest, InvalidInput, Limits, Message, Role, Sampling, Text
from dragoman.services.branches import context_of
from dragoman.services.routing import Candidate
from dragoman.services.titles import title_of
from dragoman.services.turns import Beginning, Edit, NewMessage, Retry, Said
from dragoman.storage import Conversation, Node, State, StoredMessage, Wishes, conversations, turns

Resolve: TypeAlias = Callable[[str | None], Candidate]
"""From a model's id (`None`: the default model) to whom to ask; raises `InvalidInput`."""

_ROLES: Final[dict[str, Role]] = {"user": "user", "assistant": "assistant"}


class Question(Struct, frozen=True, kw_only=True):
    """What a turn begins with: who says what where, to which model, at what time."""

    conversation_id: str
    said: Said
    model: str | None
    resolve: Resolve
    stream: bool
    now: int
    new_message_id: Callable[[], str]


class _Place(Struct, frozen=True):
    """Where in the tree a reply belongs, and the new message before it, if there is one."""

    user_message_id: str
    message: StoredMessage | None
    model: str | None = None


def not_found(kind: str, id_: str, *, field: str = "") -> InvalidInput:
    """Say that there is no such conversation or message."""
    return InvalidInput(field, f"there is no {kind} {id_!r} here", status=404, reason="not_found")


def begin(connection: Connection, question: Question) -> Beginning:
    """Store what is said and the place for its reply; give what the model is to be asked.

    Raises `InvalidInput` with 404 for a conversation or message that is not there, 409 while
    another reply is being written, 422 for a message that cannot be edited, and what `resolve`
    raises; nothing is stored then.
    """
    conversation = conversations.get(connection, question.conversation_id)
    if conversation is None:
        raise not_found("conversation", question.conversation_id, field="conversationId")
    nodes = turns.nodes(connection, conversation.id)
    if any(node.state is State.STREAMING for node in nodes.values()):
        raise InvalidInput(
            "conversationId",
            "a reply is being written in this conversation: wait for its end, or stop it",
            status=409,
            reason="conversation_busy",
        )
    place = _place(question, conversation, nodes)
    wanted = question.model or place.model or conversation.wishes.model
    candidate = question.resolve(wanted)
    reply = _reply(question, place, candidate)
    if place.message is None:
        turns.wait(connection, place.user_message_id)
        turns.add(connection, conversation.id, [reply])
    else:
        turns.add(connection, conversation.id, [place.message, reply])
    conversation = _note(connection, question, conversation, place, reply, first=not nodes)
    return Beginning(
        conversation=conversation,
        user_message_id=place.user_message_id,
        reply=reply,
        request=_request(connection, conversation, place, candidate, stream=question.stream),
        candidate=candidate,
    )


def _place(question: Question, conversation: Conversation, nodes: Mapping[str, Node]) -> _Place:
    match question.said:
        case NewMessage(text=text, parent_id=None):
            return _new(question, text, conversation.active_leaf)
        case NewMessage(text=text, parent_id=parent_id):
            return _new(question, text, _node(nodes, parent_id, "parentId").id)
        case Edit(of=of, text=text):
            old = _node(nodes, of, "editOf")
            if old.role != "user":
                raise InvalidInput("editOf", "a reply cannot be edited", status=422)
            return _new(question, text, old.parent_id)
        case Retry(of=of):
            node = _node(nodes, of, "retryOf")
            if node.role == "assistant" and node.parent_id is not None:
                return _Place(node.parent_id, None, node.model)
            return _Place(node.id, None)
        case said:
            assert_never(said)


def _node(nodes: Mapping[str, Node], id_: str | None, field: str) -> Node:
    node = nodes.get(id_ or "")
    if node is None:
        raise not_found("message", id_ or "", field=field)
    return node


def _new(question: Question, text: str, parent_id: str | None) -> _Place:
    message = StoredMessage(
        id=question.new_message_id(),
        parent_id=parent_id,
        role="user",
        state=State.PENDING,
        text=text,
        created_at=question.now,
    )
    return _Place(message.id, message)


def _reply(question: Question, place: _Place, candidate: Candidate) -> StoredMessage:
    return StoredMessage(
        id=question.new_message_id(),
        parent_id=place.user_message_id,
        role="assistant",
        state=State.STREAMING,
        text="",
        created_at=question.now,
        model=candidate.model.id,
        provider=candidate.model.provider,
    )


def _note(
    connection: Connection,
    question: Question,
    conversation: Conversation,
    place: _Place,
    reply: StoredMessage,
    *,
    first: bool,
) -> Conversation:
    """Note the activity; name the conversation, and remember the model that was chosen for it."""
    changes: dict[str, str] = {}
    if place.message is not None and question.model is not None:
        changes["model"] = question.model
    if (
        place.message is not None
        and first
        and not conversations.is_titled(connection, conversation.id)
    ):
        changes["title"] = title_of(place.message.text)
    if changes:
        conversations.change(connection, conversation.id, changes)
    conversations.touch(connection, conversation.id, leaf=reply.id, now=question.now)
    return replace(
        conversation,
        title=changes.get("title", conversation.title),
        updated_at=question.now,
        active_leaf=reply.id,
        wishes=replace(conversation.wishes, model=changes.get("model", conversation.wishes.model)),
    )


def _request(
    connection: Connection,
    conversation: Conversation,
    place: _Place,
    candidate: Candidate,
    *,
    stream: bool,
) -> ChatRequest:
    nodes = turns.nodes(connection, conversation.id)
    context = context_of(nodes, place.user_message_id)
    texts = turns.texts(connection, [node.id for node in context])
    return request_of(
        conversation.wishes,
        [(node.role, texts[node.id]) for node in context],
        model=candidate.model.id,
        stream=stream,
    )


def request_of(
    wishes: Wishes, said: Sequence[tuple[str, str]], *, model: str, stream: bool
) -> ChatRequest:
    """Give what was said so far, by role and words, with the wishes of its conversation."""
    return ChatRequest(
        model=model,
        system=(Text(wishes.system_prompt),) if wishes.system_prompt else (),
        messages=tuple(Message(_ROLES[role], (Text(text),)) for role, text in said),
        sampling=Sampling(temperature=wishes.temperature),
        limits=Limits(output=wishes.max_tokens),
        stream=stream,
    )
