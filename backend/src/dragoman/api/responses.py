"""What a request for a response asks of us and of no model: to keep it, and to go on from one.

wishes_of ─▶ Wishes ─▶ sendable ─▶ the model's request     Keeper ─▶ what the client is told, kept
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeGuard

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    Extras,
    Fold,
    InvalidInput,
    Json,
    JsonObject,
    Message,
    Opaque,
    Part,
    ResponseStart,
    StreamEvent,
)
from dragoman.storage import Item, KeptResponse, Step
from dragoman.wire import openai_responses
from dragoman.wire.fields import Fields
from dragoman.wire.openai_responses.items_in import read_item
from dragoman.wire.openai_responses.items_out import in_items, output_item
from dragoman.wire.openai_responses.words import STATELESS
from dragoman.wire.sse import SseParser, encode_event

if TYPE_CHECKING:
    from dragoman.services.response_service import ResponseService

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode

# What only the vendor can do, with what to do instead.
_REFUSED: Final = {
    "background": "there are no responses in the background here: ask for a stream instead",
    "conversation": "there are no conversations here: go on with previous_response_id instead",
}
_OURS: Final = frozenset({"store", "previous_response_id", *_REFUSED})
_REFERENCE: Final = "item_reference"
_ENDED: Final = frozenset({"completed", "incomplete"})
"""The statuses of a response that has an end worth keeping."""


class Wishes(Struct, frozen=True):
    """What a client asks of us: whether to keep the response, and from which one it goes on.

    `items` is what it says itself, item by item; `references` are ids of items that it only names.
    """

    store: bool
    previous: str | None
    items: tuple[JsonObject, ...]

    @property
    def references(self) -> frozenset[str]:
        """The ids of the kept items that the client names instead of sending them."""
        return frozenset(item["id"] for item in self.items if _is_reference(item))

    def told(self, named: Mapping[str, Item]) -> "Wishes":
        """Give the same with the items in the places of their names."""
        return replace(self, items=tuple(_in_full(item, named) for item in self.items))


def _is_reference(item: JsonObject) -> bool:
    # A reference may leave out what it is: the vendor's types have its `type` optional.
    kind = item.get("type") or ("message" if "role" in item else _REFERENCE)
    return kind == _REFERENCE and isinstance(item.get("id"), str)


def _in_full(item: JsonObject, named: Mapping[str, Item]) -> JsonObject:
    if not _is_reference(item):
        return item
    found = named[item["id"]]
    return found.step.output[found.place]


class _Asked(Struct):
    input: str | list[JsonObject] | None = None


def wishes_of(body: bytes, request: ChatRequest) -> Wishes:
    """Read what `body`, from which `request` was read, asks of us.

    Raises `InvalidInput` for what is not possible here, with what is instead.
    """
    fields = Fields({} if request.extras is None else request.extras.fields)
    for name, problem in _REFUSED.items():
        if fields.says(name) and fields.peek(name) is not False:
            raise InvalidInput(name, problem, reason="unsupported_parameter")
    store = fields.maybe_flag("store")
    return Wishes(store is not False, fields.maybe_text("previous_response_id"), _items(body))


def _items(body: bytes) -> tuple[JsonObject, ...]:
    match msgspec.json.decode(body, type=_Asked).input:
        case str(text):
            return ({"role": "user", "content": text},)
        case items:
            return tuple(items or ())


def sendable(request: ChatRequest, steps: Sequence[Step], named: Mapping[str, Item]) -> ChatRequest:
    """Give the request that a model is asked: all that is said in full, and nothing for us.

    `steps` is what was said before, whose instructions are not carried over; `named` are the items
    that the request only names.
    """
    asked = request.extras or Extras(openai_responses.name)
    left = {name: value for name, value in asked.fields.items() if name not in _OURS}
    messages = [message for step in steps for message in _messages(step)]
    messages += (_filled_in(message, named) for message in request.messages)
    return replace(
        request,
        messages=tuple(_in_turns(messages)),
        extras=replace(asked, fields=left, form=(*asked.form, STATELESS)),
    )


def _filled_in(message: Message, named: Mapping[str, Item]) -> Message:
    """Put the model's own words in the places of their names."""
    if not any(_names(part) for part in message.parts):
        return message
    whole = [
        said
        for part in message.parts
        for said in (_said(named[part.fields["id"]]) if _names(part) else (part,))
    ]
    return Message("assistant", tuple(whole))


def _names(part: Part) -> TypeGuard[Opaque]:
    return isinstance(part, Opaque) and part.kind == _REFERENCE


def _said(item: Item) -> Sequence[Part]:
    """Give an item as it is to be replayed, with seals that its client was not shown."""
    said, output = item.step.said, item.step.output
    groups = [group for group in in_items(said) if output_item(group, "") is not None]
    if len(groups) == len(output):
        return groups[item.place]
    return read_item(Fields(output[item.place]))


def _messages(step: Step) -> Iterator[Message]:
    asked = openai_responses.read_request(_encode({"model": "", "input": step.asked}))
    yield from asked.messages
    if step.said:
        yield Message("assistant", step.said)


def _in_turns(messages: Iterable[Message]) -> Iterator[Message]:
    """Put together what the model says without being answered in between, as its wire reads it."""
    turn: Message | None = None
    for message in messages:
        if turn is not None and message.role == "assistant":
            turn = replace(turn, parts=turn.parts + message.parts)
            continue
        if turn is not None:
            yield turn
        turn = message if message.role == "assistant" else None
        if turn is None:
            yield message
    if turn is not None:
        yield turn


class Keeper:
    """Tells a client of its response as it asked for it, and keeps it before its end is told.

    A response that failed, or whose client left, is not kept; `keeps` tells whether one that
    succeeds is. `streamed` says how it is told.
    """

    def __init__(
        self, responses: "ResponseService", wishes: Wishes, steps: Sequence[Step], *, streamed: bool
    ) -> None:
        self._responses = responses
        self._wishes = wishes
        self._steps = steps
        self._streamed = streamed
        self.keeps = wishes.store and responses.keeps
        self._fold = Fold()
        self._id: str | None = None
        self._response: JsonObject = {}

    async def tell(self, events: Sequence[StreamEvent], written: bytes, *, last: bool) -> bytes:
        """Tell the next piece; see `Witness`. Raises `StorageError` if it cannot be kept."""
        if events and isinstance(events[0], ResponseStart):
            self._id = events[0].id
        if self.keeps:
            self._fold.add(events)
        told = self._stream(written) if self._streamed else self._whole(written)
        if last and self.keeps and self._response.get("status") in _ENDED:
            await self._keep(self._response)
        return told

    def _whole(self, written: bytes) -> bytes:
        return _encode(self._amended(_decode(written)))

    def _stream(self, written: bytes) -> bytes:
        # Nearly all that is told is pieces of text, in which there is no response.
        if b'"response"' not in written:
            return written
        events = SseParser(max_event=len(written)).feed(written)
        return b"".join(self._event(event.name, event.data, event.source) for event in events)

    def _event(self, name: str, data: bytes, source: bytes) -> bytes:
        if b'"response"' not in data:
            return source
        said = _decode(data)
        if not isinstance(said.get("response"), dict):
            return source
        return encode_event(_encode({**said, "response": self._amended(said["response"])}), name)

    def _amended(self, response: JsonObject) -> JsonObject:
        """Say of a response what its client knows of it, and its vendor does not."""
        facts: JsonObject = {"store": self.keeps, "previous_response_id": self._wishes.previous}
        if self._id is not None:
            facts["id"] = self._id
        self._response = {**response, **facts}
        return self._response

    async def _keep(self, response: JsonObject) -> None:
        reply = self._fold.reply()
        kept = KeptResponse(
            id=response["id"],
            body=response,
            asked=self._wishes.items,
            said=reply.parts,
            receipts=reply.receipts,
        )
        await self._responses.keep(kept, after=self._steps)


# How the id of an item begins that its client gave none, by its type.
_PREFIXES: Final = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "function_call_output": "fco",
}


def listed(steps: Sequence[Step]) -> Iterator[JsonObject]:
    """Give the items that the last of `steps` was asked with, each whole and with an id."""
    for step in steps:
        said = step.asked if step is steps[-1] else (*step.asked, *step.output)
        for place, item in enumerate(said):
            yield _identified(_spelled_out(item), f"{step.seq}_{place}")


def _spelled_out(item: JsonObject) -> JsonObject:
    """Give a message in full, which clients may say in short."""
    if "role" not in item or item.get("type") not in (None, "message"):
        return item
    return {
        "type": "message",
        "status": "completed",
        **item,
        "content": _content(item["role"], item.get("content")),
    }


def _content(role: str, content: Json) -> Json:
    match content, role:
        case str(text), "assistant":
            return [{"type": "output_text", "text": text, "annotations": []}]
        case str(text), _:
            return [{"type": "input_text", "text": text}]
        case _:
            return content or []


def _identified(item: JsonObject, tail: str) -> JsonObject:
    if item.get("id"):
        return item
    prefix = _PREFIXES.get(item.get("type", ""), "item")
    return {**item, "id": f"{prefix}_{tail}"}
