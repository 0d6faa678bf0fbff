"""A server of OpenAI's chat completions that can do everything, and is broken where one says so."""

import json
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from dragoman.chat import (
    ERROR_CLASSES,
    Category,
    ChatRequest,
    DragomanError,
    Image,
    Reasoning,
    Reply,
    Stop,
    StopReason,
    Text,
    ToolCall,
    Usage,
    text_of,
)
from dragoman.testing.conformance.voice import WireVoice
from dragoman.testing.upstream import Received, Script
from dragoman.wire import openai_chat

MODEL: Final = "good-model"
KEY: Final = "server-key-6b1d0f2a"
_JSON: Final = {"content-type": "application/json"}
_SSE: Final = {"content-type": "text/event-stream"}


@dataclass
class Server:
    """What it answers to each request; `faults` name what it does wrong."""

    faults: frozenset[str] = frozenset()
    prompts: list[ChatRequest] = field(default_factory=list)

    def __call__(self, asked: Received) -> Script:
        if asked.headers.get("authorization") != f"Bearer {KEY}" and self._is_sound("key"):
            return self._failed(Category.AUTHENTICATION, 401)
        if asked.method == "GET":
            return Script(headers=_JSON, pieces=(json.dumps({"data": [{"id": MODEL}]}).encode(),))
        try:
            request = openai_chat.read_request(asked.body)
        except DragomanError as error:
            return self._failed(Category.INVALID_REQUEST, 400, str(error))
        if request.model != MODEL and self._is_sound("model"):
            return self._failed(Category.MODEL_NOT_FOUND, 404)
        self.prompts.append(request)
        reply = self._reply(request)
        voice = WireVoice(openai_chat)
        if not request.stream:
            return Script(headers=_JSON, pieces=(self._whole(voice.whole(reply, asked)),))
        pieces = voice.stream(reply, asked).pieces
        return Script(headers=_SSE, pieces=pieces if self._is_sound("end") else pieces[:-1])

    def _is_sound(self, fault: str) -> bool:
        return fault not in self.faults

    def _whole(self, body: bytes) -> bytes:
        said = json.loads(body)
        if not self._is_sound("form"):
            del said["created"]
        if not self._is_sound("usage"):
            del said["usage"]
        return json.dumps(said).encode()

    def _failed(self, category: Category, status: int, words: str = "No.") -> Script:
        if not self._is_sound("errors"):
            return Script(status, {"content-type": "text/plain"}, (b"No.",))
        body = openai_chat.write_failure(ERROR_CLASSES[category](category, words, status=status))
        return Script(status, _JSON, (body,))

    def _reply(self, request: ChatRequest) -> Reply:
        reply = Reply(
            id="r1",
            model=request.model,
            created=1_700_000_000,
            parts=(Text("Red, green and blue."),),
            stop=Stop(StopReason.STOP),
            usage=Usage(input=self._length(request), output=6),
        )
        long = replace(reply, usage=Usage(input=10, output=300))
        if request.tools and self._is_sound("tools") and request.tool_choice is not None:
            return replace(reply, parts=_calls(request), stop=Stop(StopReason.TOOL))
        if request.output is not None and self._is_sound("schema"):
            return replace(reply, parts=(Text('{"year": 1896, "city": "Athens"}'),))
        if request.reasoning is not None:
            return replace(reply, parts=(Reasoning("Colours, then."), *reply.parts))
        if request.limits.output == 16:
            return replace(reply, stop=Stop(StopReason.LENGTH)) if self._is_sound("limit") else long
        return reply

    def _length(self, request: ChatRequest) -> int:
        """Count words as tokens: those it reads."""
        words = text_of(request.system) if self._is_sound("system") else ""
        for message in request.messages:
            if message.role == "system" and not self._is_sound("system"):
                continue
            words += f" {text_of(message.parts)}"
            pictures = sum(isinstance(part, Image) for part in message.parts)
            words += " picture" * 85 * pictures * self._is_sound("images")
        return len(words.split())


def _calls(request: ChatRequest) -> tuple[ToolCall, ...]:
    cities = [city for city in ("Paris", "Rome") if city in str(request.messages)]
    return tuple(
        ToolCall(f"call_{city}", "get_weather", json.dumps({"city": city})) for city in cities
    )
