"""What a person asks through `/api/v1/messages`: its JSON, checked field by field."""

import re
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from dragoman.chat import ChatRequest, InvalidInput, Json, Message, Role, Text
from dragoman.wire.fields import Fields

MAX_MESSAGE: Final = 10_000
"""The longest message, in characters."""
MAX_HISTORY: Final = 200
"""The longest history, in turns."""

_CONVERSATION: Final = re.compile(
    r"conv-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
# "system" is what the first clients of this API called the answering side.
_ROLES: Final[dict[str, Role]] = {"user": "user", "system": "assistant"}


class Turn(Struct, frozen=True):
    """One earlier turn; `sender: "system"` is the model's, never an instruction."""

    sender: Literal["user", "system"]
    text: str


class Question(Struct, frozen=True, rename="camel"):
    """A message to a model, and what was said before. `model: null` asks the default model."""

    message: Annotated[str, Meta(min_length=1, max_length=MAX_MESSAGE)]
    model: str | None = None
    conversation_id: Annotated[str, Meta(pattern=f"^{_CONVERSATION.pattern}$")] | None = None
    timestamp: str | None = None
    history: Annotated[tuple[Turn, ...], Meta(max_length=MAX_HISTORY)] = ()

    def request(self, *, stream: bool) -> ChatRequest:
        """Give the question as every wire understands it."""
        earlier = (Message(_ROLES[turn.sender], (Text(turn.text),)) for turn in self.history)
        asked = Message("user", (Text(self.message),))
        return ChatRequest(model=self.model or "", messages=(*earlier, asked), stream=stream)


def read_question(body: Json) -> Question:
    """Read a decoded body, ignoring unknown fields. Raises `InvalidInput` (422) with the field."""
    try:
        return _read(Fields(body))
    except InvalidInput as error:
        raise InvalidInput(error.path, error.problem, status=422) from error


def _read(fields: Fields) -> Question:
    message = fields.text("message")
    if not message.strip():
        raise InvalidInput("message", "must not be blank")
    if len(message) > MAX_MESSAGE:
        raise InvalidInput("message", f"must be at most {MAX_MESSAGE} characters long")
    conversation = fields.maybe_text("conversationId")
    if conversation is not None and not _CONVERSATION.fullmatch(conversation):
        raise InvalidInput("conversationId", "must look like conv-<uuid>")
    return Question(
        message=message,
        model=fields.maybe_text("model"),
        conversation_id=conversation,
        timestamp=fields.maybe_text("timestamp"),
        history=_history(fields),
    )


def _history(fields: Fields) -> tuple[Turn, ...]:
    turns = tuple(_turn(item) for item in fields.objects("history"))
    if len(turns) > MAX_HISTORY:
        raise InvalidInput("history", f"must have at most {MAX_HISTORY} turns")
    return turns


def _turn(fields: Fields) -> Turn:
    match fields.text("sender"):
        case "user" | "system" as sender:
            return Turn(sender, fields.text("text"))
        case _:
            raise InvalidInput(fields.at("sender"), 'must be "user" or "system"')
