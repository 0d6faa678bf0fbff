"""A whole reply, read and written; the same object opens a streamed one."""

from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    InvalidInput,
    Json,
    JsonObject,
    Reply,
    Stop,
    StopReason,
    UpstreamError,
    has_form,
)
from dragoman.wire.anthropic_messages.content_in import read_blocks
from dragoman.wire.anthropic_messages.content_out import write_blocks
from dragoman.wire.anthropic_messages.errors import failure_of
from dragoman.wire.anthropic_messages.usage import read_usage, write_usage
from dragoman.wire.anthropic_messages.words import (
    NAME,
    NO_STOP_SEQUENCE,
    STOP_REASONS,
    STOP_WORDS,
    encode,
    own,
    put_back,
    set_aside,
)
from dragoman.wire.base import malformed
from dragoman.wire.fields import Fields
from dragoman.wire.notes import noted
from dragoman.wire.stream import decode_leniently


def read_reply(body: bytes) -> Reply:
    """Read a whole reply. Raises `UpstreamError` if it is an error, empty, or makes no sense."""
    said: Json = decode_leniently(body)
    if not isinstance(said, dict):
        raise malformed("bad_json", "the reply is not a JSON object")
    if not isinstance(said.get("content"), list):
        if isinstance(said.get("error"), dict | str):
            raise UpstreamError(failure_of(said, 200))
        raise malformed("empty_response", "the reply has no content")
    reply = _sensible(said)
    if reply.stop is not None:
        return reply
    if not reply.parts:
        raise malformed("empty_response", "the reply has neither content nor an end")
    return replace(reply, stop=Stop(StopReason.STOP))


def _sensible(said: JsonObject) -> Reply:
    try:
        return read_message(Fields(said))
    except InvalidInput as error:
        raise malformed("bad_payload", f"the reply makes no sense: {error}") from error


def read_message(fields: Fields) -> Reply:
    """Read a message as far as it goes: the one that opens a stream has no content and no end.

    Raises `InvalidInput` where it is not what it should be.
    """
    form = () if fields.has("stop_sequence") else (NO_STOP_SEQUENCE,)
    fields.skip("type")
    fields.skip("role")
    content = fields.take("content")
    usage = fields.take("usage")
    return Reply(
        id=fields.maybe_text("id"),
        model=fields.maybe_text("model"),
        parts=read_blocks(content, "content") if isinstance(content, list) else (),
        stop=read_stop(fields),
        usage=read_usage(usage) if isinstance(usage, dict) else None,
        extras=set_aside(fields, *form),
    )


def read_stop(fields: Fields) -> Stop | None:
    """Take the end of a reply; a word unknown here also stays, to be written back."""
    word, sequence = fields.peek("stop_reason"), fields.maybe_text("stop_sequence")
    fields.skip("stop_sequence")
    if not isinstance(word, str):
        fields.skip("stop_reason")
        return None
    if word in STOP_REASONS:
        fields.skip("stop_reason")
    return Stop(STOP_REASONS.get(word, StopReason.STOP), word, sequence)


def write_reply(reply: Reply, _request: ChatRequest | None = None, /) -> bytes:
    """Write a whole reply for a client.

    What only another format can say is left out, but its reasoning is shown, unsigned, and words
    stand for its files, which the types of the vendor's SDK do not have in a reply. Malformed
    tool arguments, which cannot be the object that this format insists on, are shown as
    `{"raw_arguments": …}`.
    """
    return encode(write_message(reply))


def write_message(reply: Reply) -> JsonObject:
    """Write a message; the one that opens a stream is that of a reply without parts and end."""
    stop = reply.stop
    message: JsonObject = {
        "id": reply.id or "",
        "type": "message",
        "role": "assistant",
        "model": reply.model or "",
        "content": write_blocks(map(noted, reply.parts)),
        "stop_reason": None if stop is None else STOP_WORDS[stop.reason],
        "stop_sequence": None if stop is None else stop.sequence,
        "usage": write_usage(reply.usage),
    }
    if has_form(reply.extras, NAME, NO_STOP_SEQUENCE):
        del message["stop_sequence"]
    return put_back(message, own(reply.extras))
