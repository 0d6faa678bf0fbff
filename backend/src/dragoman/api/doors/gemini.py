"""The routes of Google's format, in which the model and the way of answering stand in the address.

POST /v1beta/models/{model}:generateContent
POST /v1beta/models/{model}:streamGenerateContent?alt=sse
POST /v1beta/models/{model}:countTokens
"""

from typing import Final
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dragoman.api.asking import MAX_REQUEST, read_request
from dragoman.api.body import read_body
from dragoman.api.doors.dialects import GEMINI, GEMINI_PREFIXES
from dragoman.api.errors import Receive, Scope, Send
from dragoman.api.headers import told_in
from dragoman.api.relay import while_present
from dragoman.api.routes.chat import ChatRoute
from dragoman.api.routes.counting import send_count
from dragoman.chat import ChatRequest, InvalidInput
from dragoman.wire.fields import read_object

_COUNTING: Final = "countTokens"
_STREAMED: Final = {"generateContent": False, "streamGenerateContent": True}
_METHODS: Final = ", ".join((*_STREAMED, _COUNTING))


class Address(Struct, frozen=True):
    """What the address of a request says: the model, and the method after the colon."""

    model: str
    method: str


def read_address(scope: Scope) -> Address:
    """Read the address of a request. Raises `InvalidInput` (404) if it is none of this format."""
    path: str = scope["path"]
    for prefix in GEMINI_PREFIXES:
        model, colon, method = path.removeprefix(prefix).rpartition(":")
        if path.startswith(prefix) and colon and model:
            return Address(model, method)
    raise InvalidInput("", f"there is no {path}", status=404, reason="not_found")


class GeminiRoute(ChatRoute):
    """A front door for clients of Google's format."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises what `explain` explains, until the answer has begun."""
        address = read_address(scope)
        if address.method != _COUNTING:
            await super().__call__(scope, receive, send)
            return
        body = _inner_request(await read_body(scope, receive, limit=MAX_REQUEST))
        request = read_request(GEMINI, body, told_in(scope), strict=False)
        candidate = self._setup().candidates(address.model)[0]
        record = scope["state"]["record"]
        with while_present(receive, send) as answer:
            await send_count(answer, request, candidate, record, name="totalTokens")

    def read(self, body: bytes, scope: Scope) -> ChatRequest:
        """Read a request, its address and its headers included."""
        address = read_address(scope)
        if address.method not in _STREAMED:
            problem = f"the method {address.method!r} is not known here; there are: {_METHODS}"
            raise InvalidInput("", problem, status=404, reason="not_found")
        streamed = _STREAMED[address.method]
        if streamed and parse_qs(scope["query_string"].decode("latin-1")).get("alt") != ["sse"]:
            raise InvalidInput("alt", "a stream is sent as server-sent events: add ?alt=sse")
        return replace(super().read(body, scope), model=address.model, stream=streamed)


def _inner_request(body: bytes) -> bytes:
    """Give the request whose tokens are to be counted: it may stand in one of its own."""
    inner = read_object(body).take("generateContentRequest")
    return body if inner is None else msgspec.json.encode(inner)
