"""What a person asks through `/api/v1/messages`: its JSON, checked field by field."""

import re
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from dragoman.chat import ChatRequest, InvalidInput, Json, Message, Role, Text
from dragoman.services.turns import Edit, NewMessage, Retry, Said
from dragoman.wire.fields import Fields

MAX_MESSAGE: Final = 10_000
"""The longest message, in characters."""
MAX_HISTORY: Final = 200
"""The longest history, in turns."""

_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_CONVERSATION: Final = f"conv-{_UUID}"
_MESSAGE: Final = f"msg-{_UUID}"
# "system" is what the first clients of this API called the answering side.
_ROLES: Final[dict[str, Role]] = {"user": "user", "system": "assistant"}
_IN_CONVERSATIONS: Final = ("parentId", "retryOf", "editOf")

MessageId = Annotated[str, Meta(pattern=f"^{_MESSAGE}$")]


class Turn(Struct, frozen=True):
    """One earlier turn; `sender: "system"` is the model's, never an instruction."""

    sender: Literal["user", "system"]
    text: str


class Question(Struct, frozen=True, rename="camel"):
    """A message to a model, and what was said before. `model: null` asks the default model.

    With a `conversationId` it is stored there, and what was said before is what is stored:
    `message` alone goes on after `parentId` (or where the conversation was last written to),
    `editOf` says an earlier message in other words, and `retryOf`, without a `message`, asks again.
    """

    message: Annotated[str, Meta(min_length=1, max_length=MAX_MESSAGE)] | None = None
    model: str | None = None
    conversation_id: Annotated[str, Meta(pattern=f"^{_CONVERSATION}$")] | None = None
    timestamp: str | None = None
    history: Annotated[tuple[Turn, ...], Meta(max_length=MAX_HISTORY)] = ()
    parent_id: MessageId | None = None
    retry_of: MessageId | None = None
    edit_of: MessageId | None = None

    def request(self, *, stream: bool) -> ChatRequest:
        """Give a question outside conversations as every wire understands it."""
        earlier = (Message(_ROLES[turn.sender], (Text(turn.text),)) for turn in self.history)
        asked = Message("user", (Text(self.message or ""),))
        return ChatRequest(model=self.model or "", messages=(*earlier, asked), stream=stream)

    @property
    def said(self) -> Said:
        """What is said in a conversation."""
        if self.retry_of is not None:
            return Retry(self.retry_of)
        if self.edit_of is not None:
            return Edit(self.edit_of, self.message or "")
        return NewMessage(self.message or "", self.parent_id)


def read_question(body: Json) -> Question:
    """Read a decoded body, ignoring unknown fields. Raises `InvalidInput` (422) with the field."""
    try:
        return _read(Fields(body))
    except InvalidInput as error:
        raise InvalidInput(error.path, error.problem, status=422) from error


def _read(fields: Fields) -> Question:
    conversation = _id(fields, "conversationId", _CONVERSATION)
    if conversation is None:
        _check_absent(fields, _IN_CONVERSATIONS, "goes with a conversationId")
    else:
        _check_absent(fields, ("history",), "is what is stored: leave it out")
    retry_of = _id(fields, "retryOf", _MESSAGE)
    if retry_of is not None:
        _check_absent(fields, ("message", "editOf", "parentId"), "does not go with retryOf")
    edit_of = _id(fields, "editOf", _MESSAGE)
    if edit_of is not None:
        _check_absent(fields, ("parentId",), "does not go with editOf")
    return Question(
        message=None if retry_of is not None else _message(fields),
        model=fields.maybe_text("model"),
        conversation_id=conversation,
        timestamp=fields.maybe_text("timestamp"),
        history=_history(fields),
        parent_id=_id(fields, "parentId", _MESSAGE),
        retry_of=retry_of,
        edit_of=edit_of,
    )


def _message(fields: Fields) -> str:
    message = fields.text("message")
    if not message.strip():
        raise InvalidInput("message", "must not be blank")
    if len(message) > MAX_MESSAGE:
        raise InvalidInput("message", f"must be at most {MAX_MESSAGE} characters long")
    return message


def _id(fields: Fields, name: str, form: str) -> str | None:
    id_ = fields.maybe_text(name)
    if id_ is not None and not re.fullmatch(form, id_):
        raise InvalidInput(name, f"must look like {form.partition('-')[0]}-<uuid>")
    return id_


def _check_absent(fields: Fields, names: tuple[str, ...], problem: str) -> None:
    for name in names:
        if fields.says(name):
            raise InvalidInput(name, problem)


def _history(fields: Fields) -> tuple[Turn, ...]:
    turns = tuple(_turn(item) for item in fields.objects("history"))
    if len(turns) > MAX_HISTORY:
        raise InvalidInput("history", f"must have at most {MAX_HISTORY} turns")
    return turns


def _turn(fields: Fields) -> Turn:
    match fields.text("sender"):
        case "user" | "system" as sender:
            text = fields.text("text")
            if not text.strip():
                raise InvalidInput(fields.at("text"), "must not be blank")
            return Turn(sender, text)
        case _:
            raise InvalidInput(fields.at("sender"), 'must be "user" or "system"')
