"""A whole reply, read and written; a stream's chunks are of the same kind."""

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    Extras,
    InvalidInput,
    Json,
    JsonObject,
    Part,
    Reasoning,
    Reply,
    Stop,
    StopReason,
    ToolCall,
    extras_of,
)
from dragoman.wire.base import malformed
from dragoman.wire.fields import Fields
from dragoman.wire.gemini.calls import Pairing, made_id
from dragoman.wire.gemini.parts_out import no_terms, parsed_object, write_part
from dragoman.wire.gemini.request_in import read_content
from dragoman.wire.gemini.spelling import Spelled
from dragoman.wire.gemini.usage import read_usage, write_usage
from dragoman.wire.gemini.words import (
    NAME,
    NO_CANDIDATES,
    NO_CONTENT,
    NO_PARTS,
    ROLE,
    STOP_NUMBERS,
    STOP_REASONS,
    STOP_WORDS,
    encode,
    forms_of,
    mark_of,
    own,
    put_back,
    said_only,
)


class Leftovers(Struct, frozen=True):
    """The unknown fields of a reply's body (`top`), of its candidate, and of its content."""

    top: JsonObject = {}
    candidate: JsonObject = {}
    content: JsonObject = {}


def leftovers_of(extras: Extras | None) -> Leftovers:
    """Take apart what was laid out."""
    top = dict(own(extras))
    candidate = dict(*(top.pop("candidates", None) or ()))
    content = candidate.pop("content", {})
    return Leftovers(top, candidate, content)


def lay_out(left: Leftovers, *form: str) -> Extras | None:
    """Lay the fields out as a body has them, with the marks of how the reply was spelled."""
    candidate = {**left.candidate, "content": left.content} if left.content else left.candidate
    fields = {**left.top, "candidates": [candidate]} if candidate else left.top
    return extras_of(NAME, fields, *form)


class CallIds(Pairing):
    """The calls of one reply: one without an id gets one that no other reply has."""

    def __init__(self, response_id: str | None) -> None:
        super().__init__()
        self._reply = response_id or ""
        self._number = 0

    def asked(self, call_id: str | None, name: str) -> str:
        """Take a call; give its id, or one that is made for it."""
        self._number += 1
        return call_id or made_id(self._reply, self._number, name)


def read_whole(said: JsonObject) -> Reply:
    """Read a whole reply. Raises `UpstreamError` if it is empty, or makes no sense."""
    try:
        return _read(Fields(said))
    except InvalidInput as error:
        raise malformed("bad_payload", f"the reply makes no sense: {error}") from error


def _read(body: Fields) -> Reply:
    candidates = list(body.objects("candidates"))
    if len(candidates) > 1:
        number = f"{len(candidates)} candidates"
        raise malformed("many_choices", f"the reply holds {number}; one was asked for")
    response_id = take_text(body, "responseId")
    usage = read_usage(body.peek("usageMetadata"))
    if usage is not None:
        body.skip("usageMetadata")
    model = take_text(body, "modelVersion")
    created = created_at(body.peek("createTime"))
    if candidates:
        parts, stop, candidate, content, form = _candidate(candidates[0], response_id)
    elif (word := block_word(body.rest())) is not None:
        parts, stop, candidate, content, form = (), blocked(word), {}, {}, (NO_CANDIDATES,)
    else:
        raise malformed("empty_response", "the reply holds no candidate")
    return Reply(
        id=response_id,
        model=model,
        created=created,
        parts=parts,
        stop=stop,
        usage=usage,
        extras=lay_out(Leftovers(body.rest(), candidate, content), *form),
    )


def _candidate(
    candidate: Fields, response_id: str | None
) -> tuple[tuple[Part, ...], Stop, JsonObject, JsonObject, tuple[str, ...]]:
    content = candidate.take("content")
    parts: tuple[Part, ...] = ()
    left: JsonObject = {}
    form: tuple[str, ...] = (NO_CONTENT,)
    if content is not None:
        said = Spelled(content, candidate.at("content"))
        parts, form = read_content(said, CallIds(response_id))
        form = (*form, *role_mark(said))
        left = said.rest()
    elif candidate.peek("finishReason") is None:
        raise malformed("empty_response", "the reply has neither content nor an end")
    stop = read_stop(candidate.rest(), calls=any(isinstance(part, ToolCall) for part in parts))
    return parts, stop, candidate.rest(), left, form


def role_mark(content: Fields) -> tuple[str, ...]:
    """Take the role of what a model said, which is `model`; the mark of any other."""
    role = content.peek("role")
    if role == "model":
        content.skip("role")
        return ()
    # What is no word stays where it is; what is absent was left out.
    content_role = "" if role is None else None
    if isinstance(role, str):
        content.skip("role")
        content_role = role
    return () if content_role is None else (f"{ROLE}{content_role}",)


def take_text(body: Fields, name: str) -> str | None:
    """Take a field if it is a string."""
    return body.maybe_text(name) if isinstance(body.peek(name), str) else None


def moment_of(created: int | None) -> str | None:
    """Tell Unix seconds as Vertex tells a moment; `None` for what are none (milliseconds, say)."""
    if created is None:
        return None
    try:
        return f"{datetime.fromtimestamp(created, UTC):%FT%TZ}"
    except (OverflowError, OSError, ValueError):
        return None


def created_at(moment: Json) -> int | None:
    """Give the Unix seconds of a moment as Vertex tells it."""
    try:
        return int(datetime.fromisoformat(moment).timestamp()) if moment else None
    except (TypeError, ValueError, OverflowError):
        return None


def block_word(body: JsonObject) -> str | None:
    """Give the word for why the prompt was refused, if it was."""
    match body.get("promptFeedback"):
        case {"blockReason": str(word)}:
            return word
        case _:
            return None


def blocked(word: str) -> Stop:
    """Make the end of a reply whose prompt was refused: nothing was said."""
    return Stop(StopReason.CONTENT_FILTER, word)


def read_stop(candidate: JsonObject, *, calls: bool) -> Stop:
    """Take why a reply ended; a word that is not known here stays in `candidate`.

    Calls end a reply by the word STOP, and so does a reply that names no reason.
    """
    match candidate.get("finishReason"):
        case str(word) if word:
            if word in STOP_REASONS:
                del candidate["finishReason"]
        case int(number) if number in STOP_NUMBERS:
            word = STOP_NUMBERS[number]
        case _:
            return Stop(StopReason.TOOL if calls else StopReason.STOP)
    reason = STOP_REASONS.get(word, StopReason.STOP)
    return Stop(StopReason.TOOL if calls and reason is StopReason.STOP else reason, word)


def stop_word(stop: Stop | None) -> str | None:
    """Give the word for why a reply ended."""
    if stop is None:
        return None
    return stop.word if stop.word in STOP_REASONS else STOP_WORDS[stop.reason]


def write_reply(reply: Reply, _request: ChatRequest | None = None, /) -> bytes:
    """Write a whole reply for a client.

    What only another format can say is left out, but its reasoning is shown, unsealed. Malformed
    tool arguments, which cannot be the object that this format insists on, are shown as
    `{"raw_arguments": …}`.
    """
    left, form = leftovers_of(reply.extras), forms_of(reply.extras)
    said: JsonObject = {}
    parts = write_parts(reply.parts)
    if NO_CONTENT not in form:
        role = mark_of(reply.extras, ROLE)
        content = said_only({"role": "model" if role is None else role or None})
        if parts or NO_PARTS not in form:
            content["parts"] = parts
        said["content"] = put_back(content, left.content)
    said |= said_only({"finishReason": left.candidate.get("finishReason", stop_word(reply.stop))})
    body: JsonObject = {}
    if NO_CANDIDATES not in form:
        body["candidates"] = [put_back(said, left.candidate)]
    body |= said_only(
        {
            "usageMetadata": None if reply.usage is None else write_usage(reply.usage),
            "createTime": left.top.get("createTime", moment_of(reply.created)),
            "modelVersion": reply.model,
            "responseId": reply.id,
        }
    )
    return encode(put_back(body, left.top))


def write_parts(parts: Iterable[Part]) -> list[JsonObject]:
    """Write what a model said for a client, leaving out what has no words here."""
    written = (write_part(shown(part), "", no_terms()) for part in parts)
    return [part for part in written if part is not None]


def shown(part: Part) -> Part:
    """Make of another format's part what a client of this one can see."""
    match part:
        case Reasoning(origin=origin) if origin != NAME:
            return Reasoning(part.text, origin=NAME)
        case ToolCall(arguments=arguments) if parsed_object(arguments) is None:
            raw = encode({"raw_arguments": arguments}).decode()
            return replace(part, arguments=raw)
        case _:
            return part
