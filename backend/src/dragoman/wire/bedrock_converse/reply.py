"""A whole reply, read and written."""

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
    extras_of,
)
from dragoman.wire.base import malformed
from dragoman.wire.bedrock_converse.content_in import read_blocks
from dragoman.wire.bedrock_converse.content_out import write_blocks
from dragoman.wire.bedrock_converse.errors import read_failure
from dragoman.wire.bedrock_converse.usage import read_usage, write_usage
from dragoman.wire.bedrock_converse.words import NAME, STOP_REASONS, STOP_WORDS, encode, own
from dragoman.wire.stream import decode_leniently


def read_reply(body: bytes) -> Reply:
    """Read a whole reply. Raises `UpstreamError` if it is an error, empty, or makes no sense."""
    said: Json = decode_leniently(body)
    match said:
        case {"output": {"message": {"content": [*content]}}}:
            reply = _sensible(said, content)
        case {"message": str()} | {"Message": str()} | {"__type": str()}:
            raise UpstreamError(read_failure(200, {}, body))
        case dict():
            raise malformed("empty_response", "the reply has no content")
        case _:
            raise malformed("bad_json", "the reply is not a JSON object")
    if not reply.parts and reply.stop is None:
        raise malformed("empty_response", "the reply has neither content nor an end")
    return reply if reply.stop is not None else replace(reply, stop=Stop(StopReason.STOP))


def _sensible(said: JsonObject, content: list[Json]) -> Reply:
    left = dict(said)
    del left["output"]
    counts = left.pop("usage", None)
    try:
        parts = read_blocks(content, "output.message.content")
    except InvalidInput as error:
        raise malformed("bad_payload", f"the reply makes no sense: {error}") from error
    return Reply(
        parts=parts,
        stop=read_stop(left.pop("stopReason", None)),
        usage=read_usage(counts) if isinstance(counts, dict) else None,
        extras=extras_of(NAME, left),
    )


def read_stop(word: Json) -> Stop | None:
    """Read why a reply ended; a word unknown here is an end like any other."""
    return Stop(STOP_REASONS.get(word, StopReason.STOP), word) if isinstance(word, str) else None


def write_reply(reply: Reply, _request: ChatRequest | None = None, /) -> bytes:
    """Write a whole reply; what only another format can say is left out."""
    message = {"role": "assistant", "content": write_blocks(reply.parts)}
    said: JsonObject = {
        "output": {"message": message},
        "stopReason": _word_of(reply.stop),
        "usage": write_usage(reply.usage),
    }
    return encode(said | own(reply.extras))


def _word_of(stop: Stop | None) -> str:
    if stop is None:
        return "end_turn"
    return stop.word if stop.word in STOP_REASONS else STOP_WORDS[stop.reason]
