"""A whole reply, read and written: an object `response`, which the ends of a stream hold too."""

from typing import Final

from dragoman.chat import (
    ChatRequest,
    Extras,
    Failure,
    InvalidInput,
    JsonObject,
    Opaque,
    Part,
    Reply,
    Stop,
    StopReason,
    Text,
    ToolCall,
    UpstreamError,
)
from dragoman.wire.base import malformed
from dragoman.wire.fields import Fields
from dragoman.wire.openai_responses.echo import echo_of
from dragoman.wire.openai_responses.errors import failure_of
from dragoman.wire.openai_responses.items_in import read_item
from dragoman.wire.openai_responses.items_out import write_output
from dragoman.wire.openai_responses.usage import read_usage, write_usage
from dragoman.wire.openai_responses.words import (
    COMPLETED,
    FAILED,
    INCOMPLETE,
    INCOMPLETE_WORDS,
    NAME,
    REFUSAL,
    SERVER_ERROR,
    UNFINISHED,
    encode,
    forms_of,
    is_own,
    own,
    put_back,
    said_only,
)
from dragoman.wire.stream import decode_leniently

_OBJECT: Final = "response"
_CALLS: Final = frozenset({"custom_tool_call"})
"""Items that ask the client for something, as a call of a function does."""


def read_reply(body: bytes) -> Reply:
    """Read a whole reply. Raises `UpstreamError` if it is an error, or makes no sense."""
    said = decode_leniently(body)
    if not isinstance(said, dict):
        raise malformed("bad_json", "the reply is not a JSON object")
    check_status(said)
    try:
        return _read(Fields(said))
    except InvalidInput as error:
        raise malformed("bad_payload", f"the reply makes no sense: {error}") from error


def check_status(response: JsonObject) -> None:
    """Raise `UpstreamError` if a response is an error, failed or was cancelled."""
    status = response.get("status")
    if response.get("error") or status == "failed":
        raise UpstreamError(failure_of({"error": response.get("error") or {}}, 200))
    if status == "cancelled":
        raise UpstreamError(
            Failure(message="the reply was cancelled", status=200, code="cancelled")
        )


def _read(body: Fields) -> Reply:
    if not isinstance(body.peek("output"), list):
        raise malformed("empty_response", "the reply holds no output")
    parts = tuple(part for item in body.objects("output") for part in read_item(item))
    return head_of(body, parts)


def head_of(body: Fields, parts: tuple[Part, ...]) -> Reply:
    """Read what a response says beside its output, which is told by `parts`."""
    body.skip("output")
    stop = _stop(body, parts)
    usage = read_usage(body.peek("usage"))
    if usage is not None:
        body.skip("usage")
    if body.peek("object") == _OBJECT:
        body.skip("object")
    return Reply(
        id=_text(body, "id"),
        model=_text(body, "model"),
        created=_seconds(body),
        parts=parts,
        stop=stop,
        usage=usage,
        extras=Extras(NAME, body.rest()),
    )


def _text(body: Fields, name: str) -> str | None:
    return body.maybe_text(name) if isinstance(body.peek(name), str) else None


def _seconds(body: Fields) -> int | None:
    return body.maybe_int("created_at") if isinstance(body.peek("created_at"), int) else None


def _stop(body: Fields, parts: tuple[Part, ...]) -> Stop:
    """Give why a response ended; its own words for that stay in the body."""
    status = body.peek("status")
    if status == "incomplete":
        match body.peek("incomplete_details"):
            case {"reason": str(word)}:
                return Stop(INCOMPLETE.get(word, StopReason.LENGTH), word)
            case _:
                return Stop(StopReason.LENGTH, status)
    if isinstance(status, str) and status in UNFINISHED:
        return Stop(StopReason.PAUSE, status)
    if any(_is_call(part) for part in parts):
        return Stop(StopReason.TOOL, COMPLETED)
    refused = any(_is_refusal(part) for part in parts)
    return Stop(StopReason.REFUSAL if refused else StopReason.STOP, COMPLETED)


def _is_call(part: Part) -> bool:
    match part:
        case ToolCall():
            return True
        case Opaque(kind=kind):
            return kind in _CALLS
        case _:
            return False


def _is_refusal(part: Part) -> bool:
    return isinstance(part, Text) and REFUSAL in forms_of(part.extras)


def write_reply(reply: Reply, request: ChatRequest | None = None, /) -> bytes:
    """Write a whole reply for a client, which repeats what `request` said.

    Reasoning from other formats is shown, without its seal.
    """
    return encode(write_response(reply, request))


def write_response(reply: Reply, request: ChatRequest | None = None) -> JsonObject:
    """Write a reply as the object of a response."""
    said = said_only({"id": reply.id, "object": own(reply.extras).get("object", _OBJECT)})
    said |= said_only({"created_at": reply.created, "model": reply.model})
    if reply.usage is not None:
        said["usage"] = write_usage(reply.usage)
    output = {"output": write_output(reply.parts, base_of(reply.id))}
    if own(reply.extras):
        return put_back(said | output, own(reply.extras))
    identity = {
        "id": reply.id if reply.id and is_own(reply.extras) else response_id(reply.id),
        "created_at": reply.created or 0,
        "model": reply.model or (request.model if request else ""),
    }
    return {**_ended(reply.stop), **echo_of(request), **said, **identity, **output}


def response_id(vendors: str | None) -> str:
    """Give the id of a response as clients of this format know it, made of the vendor's."""
    return f"resp_{base_of(vendors)}"


def base_of(vendors: str | None) -> str:
    """Give what the ids of items are made of: the vendor's id of the reply."""
    return (vendors or "0").removeprefix("resp_")


def _ended(stop: Stop | None) -> JsonObject:
    """Say how a reply of another format ended."""
    said: JsonObject = {"status": status_of(stop), "error": None, "incomplete_details": None}
    match said["status"], stop:
        case "incomplete", Stop(reason):
            said["incomplete_details"] = {"reason": INCOMPLETE_WORDS[reason]}
        case "failed", Stop(_, word):
            message = (
                f"the model stopped in error: {word}" if word else "the model stopped in error"
            )
            said["error"] = {"code": SERVER_ERROR, "message": message}
    return said


def status_of(stop: Stop | None) -> str:
    """Give the status of a response that ended so; `in_progress` while it has not."""
    if stop is None:
        return "in_progress"
    if stop.reason in FAILED:
        return "failed"
    return "incomplete" if stop.reason in INCOMPLETE_WORDS else COMPLETED
