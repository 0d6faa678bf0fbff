"""The messages of a request, written as the items of its input."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from msgspec.structs import replace

from dragoman.chat import (
    Audio,
    ChatRequest,
    Document,
    Extras,
    Image,
    JsonObject,
    Message,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.wire.openai_responses.content_out import Terms, placed, unanswerable, write_content
from dragoman.wire.openai_responses.items_out import (
    in_items,
    write_call,
    write_message,
    write_reasoning,
)
from dragoman.wire.openai_responses.words import (
    CONTENT,
    DEVELOPER,
    ITEM,
    NAME,
    TYPED,
    forms_of,
    is_own,
    marked_fields,
    own,
    put_back,
)

_ERROR = "[error] "
"""What stands before the result of a tool that failed."""

_PARAGRAPH = "\n\n"


def split_instructions(request: ChatRequest, terms: Terms) -> tuple[str | None, int]:
    """Give what is said to the model before all else, and how many messages are told by it."""
    texts = list(request.system)
    count = 0
    if not terms.own:
        # An input with nothing in it is refused: the last message is one, whoever speaks.
        for message in takewhile(_is_instruction, request.messages[:-1]):
            terms.receipts.left_behind(message.extras, f"messages[{count}]")
            texts += [part for part in message.parts if isinstance(part, Text)]
            count += 1
    for place, text in enumerate(texts):
        terms.receipts.left_behind(text.extras, f"system[{place}]")
    return _PARAGRAPH.join(text.text for text in texts) if texts else None, count


def _is_instruction(message: Message) -> bool:
    return message.role == "system" and all(isinstance(part, Text) for part in message.parts)


def write_input(request: ChatRequest, terms: Terms, skipped: int) -> list[JsonObject]:
    """Write the messages, all but the `skipped` first.

    An answer that another format began for the model is left out: here, nobody goes on with it.
    Raises `LLMBadRequestError` for parts that cannot be sent.
    """
    if not (request.messages or request.system or terms.own):
        raise unanswerable()
    return [
        item
        for place, message in enumerate(_before_a_begun_answer(request, terms))
        if place >= skipped
        for item in _items(message, f"messages[{place}]", terms)
    ]


def _before_a_begun_answer(request: ChatRequest, terms: Terms) -> Sequence[Message]:
    match request.messages:
        case (*_, Message("user"), Message("assistant", parts)) if not terms.own and all(
            isinstance(part, Text | Reasoning) for part in parts
        ):
            at = f"messages[{len(request.messages) - 1}]"
            terms.receipts.dropped(at, "a begun answer is not continued")
            return request.messages[:-1]
        case messages:
            return messages


def _items(message: Message, at: str, terms: Terms) -> Iterator[JsonObject]:
    terms.receipts.left_behind(message.extras, at)
    if message.role == "assistant":
        yield from _turn(message.parts, at, terms)
        return
    others: list[tuple[str, Part]] = []
    for where, part in placed(message.parts, at):
        match part:
            case ToolResult():
                yield _result(part, where, terms)
            case Opaque(wire, _, fields) if wire == NAME and ITEM in forms_of(message.extras):
                yield fields
            case _:
                others.append((where, part))
    if others or not message.parts:
        yield _told(message, others, terms)


def _told(message: Message, parts: Sequence[tuple[str, Part]], terms: Terms) -> JsonObject:
    form = forms_of(message.extras)
    role = "developer" if DEVELOPER in form else message.role
    said: JsonObject = {"type": "message"} if TYPED in form else {}
    said |= {"role": role, **marked_fields(form)}
    content = write_content("content", parts, terms, message.extras)
    return put_back(said | content, own(message.extras))


def _result(result: ToolResult, at: str, terms: Terms) -> JsonObject:
    terms.receipts.left_behind(result.extras, at)
    said = {"type": "function_call_output", **marked_fields(forms_of(result.extras))}
    said["call_id"] = result.call_id
    parts = result.content
    if result.is_error:
        terms.receipts.emulated(f"{at}.is_error", f"the text begins with {_ERROR!r}")
        parts = _after_error(parts)
    output = write_content("output", placed(parts, at), terms, result.extras)
    return put_back(said | output, own(result.extras))


def _after_error(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    match parts:
        case (Text(text) as first, *others):
            return (replace(first, text=_ERROR + text), *others)
        case _:
            return (Text(_ERROR.rstrip()), *parts)


def _turn(parts: tuple[Part, ...], at: str, terms: Terms) -> Iterator[JsonObject]:
    """Write what the model said, as nearly as it can be replayed."""
    sayable = []
    whole = True
    for where, part in placed(parts, at):
        problem = _problem(part, terms)
        if problem is None:
            sayable.append(part)
            continue
        terms.receipts.dropped(where, problem)
        whole = whole and not isinstance(part, Reasoning)
    for where, part in placed(sayable, at):
        if not isinstance(part, Opaque):
            terms.receipts.left_behind(part.extras, where)
    for group in in_items(sayable):
        item = _item(group, terms)
        if item is not None:
            # An item that the vendor knows by its id is refused without the reasoning before it.
            yield _nameless(item) if terms.stateless and not whole else item


def _problem(part: Part, terms: Terms) -> str | None:
    """Say why a part cannot be replayed; `None` if it can."""
    match part:
        case Reasoning(origin=origin) if origin != NAME:
            return "reasoning is understood only where it came from"
        case Reasoning(signature=None, extras=extras) if terms.stateless and not _is_open(extras):
            return "nothing is stored, and reasoning without its seal cannot be replayed"
        case Opaque(wire, kind) if wire != NAME:
            return f"only {wire} has words for {kind!r}"
        case Image() | Document() | Audio():
            return "an assistant's turn holds no files here"
        case ToolResult():
            return "a result stands in a user's turn"
        case _:
            return None


def _is_open(extras: Extras | None) -> bool:
    """Tell whether reasoning stands in plain words as it was thought, as open models have it."""
    return CONTENT in forms_of(extras) or bool(own(extras).get("content"))


def _item(group: Sequence[Part], terms: Terms) -> JsonObject | None:
    match group:
        case [Text(), *_]:
            texts = [part for part in group if isinstance(part, Text)]
            return write_message(texts) if terms.own or _says_something(texts) else None
        case [Reasoning() as reasoning]:
            return write_reasoning(reasoning)
        case [ToolCall(arguments="") as call] if not terms.own:
            return write_call(replace(call, arguments="{}"))
        case [ToolCall() as call]:
            return write_call(call)
        case [Opaque(fields=fields)]:
            return fields
        case _:
            return None


def _says_something(texts: Sequence[Text]) -> bool:
    return any(text.text or is_own(text.extras) for text in texts)


def _nameless(item: JsonObject) -> JsonObject:
    """Write an item as one that the vendor does not know yet."""
    match item:
        case {"type": "message", "content": [*content]}:
            texts = (part.get("text") or part.get("refusal") or "" for part in content)
            phase = {name: item[name] for name in ("phase",) if name in item}
            return {"role": "assistant", **phase, "content": "".join(texts)}
        case {"type": "function_call"}:
            return {name: value for name, value in item.items() if name != "id"}
        case _:
            return item
