"""What a request for a response asks of us and of no model: to keep it, and to go on from one.

wishes_of ─▶ Wishes ─▶ sendable ─▶ the model's request     Keeper ─▶ what the client is told, kept
     └────── prepared ──────┘
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dragoman.api.asking import MAX_REQUEST
from dragoman.chat import (
    ChatRequest,
    Extras,
    InvalidInput,
    Json,
    JsonObject,
    Receipt,
    ResponseStart,
    StreamEvent,
)
from dragoman.storage import KeptResponse, Step
from dragoman.wire import openai_responses
from dragoman.wire.carrying import uncarried
from dragoman.wire.fields import Fields
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
_MOST_NAMED: Final = 1000
"""How many items may be named in a request, rather than sent: each has to be found."""
_TELLING: Final = re.compile(rb'"response"|"response\.output_item\.done"')
"""What stands in an event that holds a response, or a whole item of one."""
_ENDED: Final = frozenset({"completed", "incomplete"})
"""The statuses of a response that has an end worth keeping."""


class Wishes(Struct, frozen=True):
    """What a client asks of us: whether to keep the response, and from which one it goes on.

    `items` is what it says itself, item by item; `named` are the ids of those that it only names,
    and that have to be found.
    """

    store: bool
    previous: str | None
    items: tuple[JsonObject, ...]
    named: frozenset[str] = frozenset()

    def with_items(self, found: Mapping[str, JsonObject]) -> "Wishes":
        """Give the same with items in the places of their names."""
        return replace(
            self,
            items=tuple(found[item["id"]] if _is_name(item) else item for item in self.items),
        )


def _is_name(item: JsonObject) -> bool:
    # A reference may leave out what it is: the vendor's types have its `type` optional.
    kind = item.get("type") or ("message" if "role" in item else _REFERENCE)
    return kind == _REFERENCE and isinstance(item.get("id"), str)


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
    store, previous = fields.maybe_flag("store"), fields.maybe_text("previous_response_id")
    items = _items(body)
    named = frozenset(item["id"] for item in items if _is_name(item))
    if len(named) > _MOST_NAMED:
        raise InvalidInput("input", f"may name at most {_MOST_NAMED:,} items: send the others")
    return Wishes(store is not False, previous, items, named)


def _items(body: bytes) -> tuple[JsonObject, ...]:
    match msgspec.json.decode(body, type=_Asked).input:
        case str(text):
            return ({"role": "user", "content": text},)
        case items:
            return tuple(items or ())


def sendable(request: ChatRequest, wishes: Wishes, steps: Sequence[Step]) -> ChatRequest:
    """Give the request that a model is asked: all that is said in full, and nothing for us.

    `steps` is what was said before, whose instructions are not carried over.
    """
    asked = request.extras or Extras(openai_responses.name)
    left = {name: value for name, value in asked.fields.items() if name not in _OURS}
    alone = replace(request, extras=replace(asked, fields=left, form=(*asked.form, STATELESS)))
    before = [item for step in steps for item in (*step.asked, *step.output)]
    if not before and not wishes.named:
        return alone
    said = {"model": request.model, "input": _bounded((*before, *wishes.items))}
    whole = openai_responses.read_request(_encode(said))
    return uncarried(replace(alone, messages=whole.messages))


def _bounded(items: Iterable[JsonObject]) -> list[msgspec.Raw]:
    """Encode items, which may be no longer together than if they had been sent.

    Raises `InvalidInput`: a short request can name much, the same item a thousand times, too.
    """
    encoded: list[msgspec.Raw] = []
    room = MAX_REQUEST
    for item in items:
        raw = _encode(item)
        room -= len(raw)
        if room < 0:
            problem = f"with all that it goes on from, must be at most {MAX_REQUEST:,} bytes long"
            raise InvalidInput("input", problem, status=413, reason="body_too_large")
        encoded.append(msgspec.Raw(raw))
    return encoded


class Prepared(Struct, frozen=True):
    """A request as a model is asked it, and what is to be done beside: `wishes`, after `steps`."""

    request: ChatRequest
    wishes: Wishes
    steps: tuple[Step, ...]


async def prepared(body: bytes, request: ChatRequest, responses: "ResponseService") -> Prepared:
    """Prepare a request that was read from `body`: everything kept that it names is looked up.

    Raises `InvalidInput` for what is not possible, or not kept, and `StorageError`.
    """
    wishes = wishes_of(body, request)
    steps = () if wishes.previous is None else await _steps(responses, wishes.previous)
    if wishes.named:
        wishes = wishes.with_items(await responses.items(wishes.named))
    return Prepared(sendable(request, wishes, steps), wishes, steps)


async def _steps(responses: "ResponseService", previous: str) -> tuple[Step, ...]:
    try:
        return await responses.steps(previous)
    except InvalidInput:
        problem = f"Previous response with id '{previous}' not found."
        # As the vendor says it, status and code: https://github.com/maximhq/bifrost/issues/2441
        raise InvalidInput(
            "previous_response_id", problem, reason="previous_response_not_found"
        ) from None


class Keeper:
    """Tells a client of its response as it asked for it, and keeps it before its end is told.

    A response that failed, or whose client left, is not kept; `keeps` tells whether one that
    succeeds is.
    """

    def __init__(self, responses: "ResponseService", asked: Prepared) -> None:
        self._responses = responses
        self._wishes = asked.wishes
        self._steps = asked.steps
        self._streamed = asked.request.stream
        self.keeps = asked.wishes.store and responses.keeps
        self._id: str | None = None
        self._receipts: tuple[Receipt, ...] = ()
        self._response: JsonObject = {}
        self._items: list[JsonObject] = []

    async def tell(self, events: Sequence[StreamEvent], written: bytes, *, last: bool) -> bytes:
        """Tell the next piece; see `Witness`. Raises `StorageError` if it cannot be kept."""
        if events and isinstance(events[0], ResponseStart):
            self._id, self._receipts = events[0].id, events[0].receipts
        told = self._stream(written) if self._streamed else self._whole(written)
        if last and self.keeps and self._response.get("status") in _ENDED:
            await self._keep(self._response)
        return told

    def _whole(self, written: bytes) -> bytes:
        return _encode(self._amended(_decode(written)))

    def _stream(self, written: bytes) -> bytes:
        # Nearly all that is told is pieces of text, which are passed on unread.
        if _TELLING.search(written) is None:
            return written
        events = SseParser(max_event=len(written)).feed(written)
        return b"".join(self._event(event.name, event.data, event.source) for event in events)

    def _event(self, name: str, data: bytes, source: bytes) -> bytes:
        if _TELLING.search(data) is None:
            return source
        match _decode(data):
            case {"response": dict(response)} as said:
                return encode_event(_encode({**said, "response": self._amended(response)}), name)
            case {"item": dict(item)}:
                self._items.append(item)
        return source

    def _amended(self, response: JsonObject) -> JsonObject:
        """Say of a response what its client knows of it, and its vendor does not."""
        facts: JsonObject = {"store": self.keeps, "previous_response_id": self._wishes.previous}
        if self._id is not None:
            facts["id"] = self._id
        self._response = {**response, **facts}
        return self._response

    async def _keep(self, response: JsonObject) -> None:
        # Some servers tell their items one by one, and leave them out at the end.
        output = response.get("output") or self._items
        kept = KeptResponse(
            id=response["id"],
            body=response,
            asked=self._wishes.items,
            output=tuple(item for item in output if isinstance(item, dict)),
            receipts=self._receipts,
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
