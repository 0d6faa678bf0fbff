"""The messages of a request, written: system first, and each tool's result a message of its own."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    Extras,
    JsonObject,
    Message,
    Part,
    Reasoning,
    Text,
    ToolResult,
)
from dragoman.wire.openai_chat.assistant import write_assistant
from dragoman.wire.openai_chat.content_out import (
    Terms,
    unanswerable,
    words_alone,
    write_content,
    write_parts,
)
from dragoman.wire.openai_chat.words import (
    DEVELOPER,
    FUNCTION,
    MEDIA,
    forms_of,
    has_more,
    is_own,
    own,
    put_back,
)

_ERROR = "[error] "
"""What stands before the result of a tool that failed."""

_NOTHING_LEFT = {"content": ""}
"""A turn of which nothing could be said: another vendor's reasoning alone, say."""

_MOVED = "What the tool gave back beside its text:"
"""What stands before the pictures and files of a tool's result."""


def write_messages(request: ChatRequest, terms: Terms) -> list[JsonObject]:
    """Write the system prompt and messages. Raises `LLMBadRequestError` for unsendable parts.

    An answer that another format began for the model is left out: here, nobody goes on with it.
    """
    own = is_own(request.extras)
    if not (request.messages or request.system or own):
        raise unanswerable()
    conversation = _Conversation(terms)
    if request.system:
        conversation.add_system(request.system)
    conversation.add_all(request.messages if own else _before_a_begun_answer(request, terms))
    return conversation.written()


def _before_a_begun_answer(request: ChatRequest, terms: Terms) -> Sequence[Message]:
    match [message.role for message in request.messages[-2:]]:
        case ["user", "assistant"] if all(
            isinstance(part, Text | Reasoning) for part in request.messages[-1].parts
        ):
            at = f"messages[{len(request.messages) - 1}]"
            terms.receipts.dropped(at, "a begun answer is not continued")
            return request.messages[:-1]
        case _:
            return request.messages


class _Conversation:
    """A conversation in the making.

    Results must follow their calls at once, one after the other, and hold text alone: what else
    they hold waits for the next message of the user.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._messages: list[JsonObject] = []
        self._moved: list[JsonObject] = []

    def add_system(self, system: tuple[Text, ...]) -> None:
        words = words_alone(system)
        if words is None:
            self.add(Message("system", system), "system")
        else:
            self._messages.append({"role": "system", "content": words})

    def add_all(self, messages: Iterable[Message]) -> None:
        for place, message in enumerate(messages):
            words = words_alone(message.parts)
            if (
                words is None
                or self._moved
                or (message.extras is not None and has_more(message.extras))
            ):
                self.add(message, f"messages[{place}]")
            else:
                # Nearly every message is this one: a text, of which nothing else was said.
                self._messages.append({"role": message.role, "content": words})

    def add(self, message: Message, at: str) -> None:
        self._terms.receipts.left_behind(message.extras, at)
        match message.role:
            case "system":
                self._flush()
                self._messages.append(self._system(message, at))
            case "assistant":
                self._flush()
                turn = write_assistant(message.parts, self._terms, message.extras, at=at)
                if turn != _NOTHING_LEFT or not message.parts:
                    self._messages.append({"role": "assistant", **turn})
            case "user":
                self._user(message, at)

    def written(self) -> list[JsonObject]:
        self._flush()
        return self._messages

    def _system(self, message: Message, at: str) -> JsonObject:
        role = "system"
        if DEVELOPER in forms_of(message.extras):
            if "developer_role" in self._terms.without:
                self._terms.receipts.renamed(f"{at}.role", "developer is called system here")
            else:
                role = "developer"
        return {"role": role, **self._content(_placed(message.parts, at), message.extras)}

    def _user(self, message: Message, at: str) -> None:
        others: list[tuple[str, Part]] = []
        for where, part in _placed(message.parts, at):
            if isinstance(part, ToolResult):
                self._result(part, where)
            else:
                others.append((where, part))
        if not others and message.parts:
            return
        content = self._content(others, message.extras)
        if self._moved:
            content |= {"content": [*self._moved, *_as_parts(content)]}
            self._moved = []
        self._messages.append({"role": "user", **content})

    def _result(self, result: ToolResult, at: str) -> None:
        words = _words_of(result)
        if words is not None:
            plain = {"role": "tool", "tool_call_id": result.call_id, "content": words}
            self._messages.append(plain)
            return
        form = forms_of(result.extras)
        said: JsonObject = (
            {"role": "function"}
            if FUNCTION in form
            else {"role": "tool", "tool_call_id": result.call_id}
        )
        self._terms.receipts.left_behind(result.extras, at)
        content = self._told(result, at) if MEDIA not in form else _placed(result.content, at)
        self._messages.append(said | self._content(content, result.extras))

    def _told(self, result: ToolResult, at: str) -> Sequence[tuple[str, Part]]:
        """Give the words of a result; what else it holds is to be moved."""
        placed = _placed(result.content, at)
        texts = [(where, part) for where, part in placed if isinstance(part, Text)]
        others = [(where, part) for where, part in placed if not isinstance(part, Text)]
        if result.is_error:
            self._terms.receipts.emulated(f"{at}.is_error", f"the text begins with {_ERROR!r}")
            texts = _after_error(texts, at)
        if moved := write_parts(others, self._terms):
            self._terms.receipts.renamed(at, "what is no text moved to the next user message")
            self._moved += [{"type": "text", "text": f"{_MOVED} {result.call_id}"}, *moved]
        return texts

    def _content(self, parts: Sequence[tuple[str, Part]], extras: Extras | None) -> JsonObject:
        return put_back(write_content(parts, self._terms, extras), own(extras))

    def _flush(self) -> None:
        """Say what was moved in a message of its own, if no message of the user took it in."""
        if self._moved:
            self._messages.append({"role": "user", "content": self._moved})
            self._moved = []


def _words_of(result: ToolResult) -> str | None:
    """Give what nearly every tool gave back: one text, of which nothing else was said."""
    if result.is_error or result.extras is not None:
        return None
    return words_alone(result.content)


def _placed(parts: tuple[Part, ...], at: str) -> list[tuple[str, Part]]:
    return [(f"{at}.content[{place}]", part) for place, part in enumerate(parts)]


def _after_error(texts: list[tuple[str, Text]], at: str) -> list[tuple[str, Text]]:
    match texts:
        case [(where, first), *others]:
            return [(where, replace(first, text=_ERROR + first.text)), *others]
        case _:
            return [(at, Text(_ERROR.rstrip()))]


def _as_parts(content: JsonObject) -> list[JsonObject]:
    match content.get("content"):
        case list() as parts:
            return parts
        case str(text) if text:
            return [{"type": "text", "text": text}]
        case _:
            return []
