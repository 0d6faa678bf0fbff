"""The routes of Google's format, in which the model and the way of answering stand in the address.

POST /v1beta/models/{model}:generateContent
POST /v1beta/models/{model}:streamGenerateContent?alt=sse
"""

from typing import Final
from urllib.parse import parse_qs

from msgspec import Struct
from msgspec.structs import replace

from dragoman.api.dialects import GEMINI_PREFIXES
from dragoman.api.errors import Scope
from dragoman.api.routes.chat import ChatRoute
from dragoman.chat import ChatRequest, InvalidInput

_STREAMED: Final = {"generateContent": False, "streamGenerateContent": True}


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

    def read(self, body: bytes, scope: Scope) -> ChatRequest:
        """Read a request, its address and its headers included."""
        address = read_address(scope)
        if address.method not in _STREAMED:
            known = ", ".join(_STREAMED)
            problem = f"the method {address.method!r} is not known here; there are: {known}"
            raise InvalidInput("", problem, status=404, reason="not_found")
        streamed = _STREAMED[address.method]
        if streamed and parse_qs(scope["query_string"].decode("latin-1")).get("alt") != ["sse"]:
            raise InvalidInput("alt", "a stream is sent as server-sent events: add ?alt=sse")
        return replace(super().read(body, scope), model=address.model, stream=streamed)
