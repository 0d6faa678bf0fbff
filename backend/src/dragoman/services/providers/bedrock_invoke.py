"""Claude on Bedrock in Anthropic's own words: the same format, in Amazon's envelope.

The version stands in the body, betas too; the model and the mode stand in the path; each event of
a stream is base64 in a frame. What a client of that format gets is what Anthropic would send.
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from dragoman.chat import ChatRequest, Failure, Receipt, Reply
from dragoman.wire import anthropic_messages, bedrock_converse
from dragoman.wire.base import NOTHING, StreamReader, Written
from dragoman.wire.frames import EXCEPTION, FrameParser
from dragoman.wire.sse import FramingError, SseEvent, encode_event
from dragoman.wire.stream import Framing

# https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
_VERSION: Final = "bedrock-2023-05-31"
# As of 2026-11, the same page; any other is answered by "invalid beta flag":
# https://github.com/anthropics/claude-code/issues/49370
_BETAS: Final = frozenset(
    {"computer-use-2024-10-22", "computer-use-2025-01-24", "context-1m-2025-08-07"}
    | {"context-management-2025-06-27", "dev-full-thinking-2025-05-14", "effort-2025-11-24"}
    | {"interleaved-thinking-2025-05-14", "output-128k-2025-02-19", "tool-examples-2025-10-29"}
    | {"token-efficient-tools-2025-02-19", "tool-search-tool-2025-10-19"}
)
_BETA_HEADER: Final = "anthropic-beta"
_IN_THE_PATH: Final = ("model", "stream")
_decode: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode: Final = msgspec.json.Encoder().encode


class _Chunk(Struct):
    bytes: str


class _Typed(Struct):
    type: str = ""


_decode_chunk: Final = msgspec.json.Decoder(_Chunk).decode
_decode_type: Final = msgspec.json.Decoder(_Typed).decode


class ChunkParser:
    """Takes Anthropic's events out of Amazon's frames, each as the event that it would have been.

    An exception of Amazon's becomes an error of that format, under its own code.
    """

    def __init__(self) -> None:
        self._frames = FrameParser()

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Take the next bytes; give the events that are whole by now. Raises `FramingError`."""
        for frame in self._frames.feed(chunk):
            if frame.name.startswith(EXCEPTION):
                word = frame.name.removeprefix(EXCEPTION)
                yield _error(bedrock_converse.read_exception(word, frame.data))
            elif frame.name == "chunk":
                yield _event(frame.data)

    @property
    def pending(self) -> bool:
        """Whether bytes of an unfinished frame are waiting."""
        return self._frames.pending


def _event(payload: bytes) -> SseEvent:
    try:
        said = base64.b64decode(_decode_chunk(payload).bytes, validate=True)
        name = _decode_type(said).type
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error) as error:
        raise FramingError("a chunk holds no event") from error
    return SseEvent(name, said, encode_event(said.replace(b"\n", b" "), name))


def _error(failure: Failure) -> SseEvent:
    details = {"error_code": failure.code}
    error = {"type": "api_error", "message": failure.message, "details": details}
    said = _encode({"type": "error", "error": error})
    return SseEvent("error", said, encode_event(said, "error"))


class _Reader(anthropic_messages.stream_reader):
    """Reads one streamed reply out of Amazon's frames."""

    framing: ClassVar[Callable[[], Framing]] = ChunkParser


class Invoke(Struct, frozen=True):
    """The Messages format by `InvokeModel`; a `ProviderSide` like the wire modules."""

    name: str = anthropic_messages.name
    path: str = "/model/{model}/invoke"

    def write_request(self, request: ChatRequest, *, without: frozenset[str] = NOTHING) -> Written:
        """Write a request; see `anthropic_messages.write_request`."""
        written = anthropic_messages.write_request(request, without=without)
        body = _decode(written.body)
        for name in _IN_THE_PATH:
            body.pop(name, None)
        body.setdefault("anthropic_version", msgspec.Raw(_encode(_VERSION)))
        betas, unknown = _betas(request)
        if betas:
            body["anthropic_beta"] = msgspec.Raw(_encode(betas))
        verb = "invoke-with-response-stream" if request.stream else "invoke"
        # A colon stays as it is: what is signed has to be what is sent.
        path = f"/model/{quote(request.model, safe=':')}/{verb}"
        return Written(_encode(body), written.receipts + unknown, path)

    def read_reply(self, body: bytes) -> Reply:
        """Read a whole reply; see `anthropic_messages.read_reply`."""
        return anthropic_messages.read_reply(body)

    def stream_reader(self) -> StreamReader:
        """Give a reader for one streamed reply."""
        return _Reader()

    def read_failure(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """Read an error answer, which is Amazon's. Never raises."""
        return bedrock_converse.read_failure(status, headers, body)


def _betas(request: ChatRequest) -> tuple[list[str], tuple[Receipt, ...]]:
    """Give the betas that the client asked for and Amazon knows, and receipts for the others."""
    headers = request.headers
    if headers is None or headers.wire != anthropic_messages.name:
        return [], ()
    asked = str(headers.fields.get(_BETA_HEADER, "")).split(",")
    betas = [beta.strip() for beta in asked if beta.strip()]
    unknown = tuple(
        Receipt(f"headers.{_BETA_HEADER}: {beta}", "dropped", "Bedrock knows no such beta")
        for beta in betas
        if beta not in _BETAS
    )
    return [beta for beta in betas if beta in _BETAS], unknown
