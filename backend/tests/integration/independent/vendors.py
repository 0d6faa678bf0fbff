"""The two vendors' formats, side by side, for rows that hold for both."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.support.tapes import (
    anthropic_stream,
    anthropic_whole,
    named_sse,
    openai_stream,
    openai_whole,
    sse,
)

ENDING: Final = 3
"""How many events end a stream of either tape: after them, nothing of the text is left."""


@dataclass(frozen=True)
class Vendor:
    """How one vendor says things; `model` is our id of its model."""

    model: str
    stream: Callable[[Sequence[str]], list[bytes]]
    whole: Callable[[str], dict[str, Any]]
    framed: Callable[..., list[bytes]]
    overloaded: dict[str, Any]
    delta: Callable[[str], dict[str, Any]]

    def said(self, *words: str) -> list[bytes]:
        """A stream that has said these words, and not yet ended."""
        return self.stream(words)[:-ENDING]

    def ending(self) -> list[bytes]:
        """What ends a stream."""
        return self.stream([])[-ENDING:]

    def word(self, text: str) -> bytes:
        """One event with a piece of text, its characters unescaped."""
        event = self.delta(text)
        body = json.dumps(event, ensure_ascii=False)
        name = f"event: {event['type']}\n" if "type" in event else ""
        return f"{name}data: {body}\n\n".encode()


OPENAI: Final = Vendor(
    model="gpt",
    stream=openai_stream,
    whole=openai_whole,
    framed=sse,
    overloaded={
        "error": {"message": "Busy", "type": "server_error", "code": "server_is_overloaded"}
    },
    delta=lambda text: {
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]
    },
)
ANTHROPIC: Final = Vendor(
    model="claude",
    stream=anthropic_stream,
    whole=anthropic_whole,
    framed=named_sse,
    overloaded={"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    delta=lambda text: {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": text},
    },
)

BOTH_VENDORS: Final = pytest.mark.parametrize(
    "vendor", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"]
)
BOTH_MODES: Final = pytest.mark.parametrize("mode", ["whole", "streamed"])
