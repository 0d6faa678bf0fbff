"""Ollama's own chat format, as far as a provider of it needs.

Facts: https://docs.ollama.com/api/chat, https://docs.ollama.com/openapi.yaml, and `api/types.go` of
https://github.com/ollama/ollama. A stream is one JSON object a line; a whole reply is one object.

A request that came in these words goes out in them, field by field. One that came in others is
adapted first: `turns` its conversation, `adapt` its settings. No client speaks this format here:
`read_request` and `write_reply` are for whoever keeps or replays such a request or a reply.

request_in ─▶ ChatRequest ─▶ adapt, turns ─▶ request_out
objects ─▶ StreamEvent, Reply ─▶ reply
calls, errors, words       which result answers which call, what failed, the tables
"""

from typing import Final

from dragoman.wire.ollama_chat.errors import read_failure
from dragoman.wire.ollama_chat.objects import Reader as stream_reader  # noqa: N813
from dragoman.wire.ollama_chat.objects import read_reply
from dragoman.wire.ollama_chat.reply import write_object, write_reply
from dragoman.wire.ollama_chat.request_in import read_request
from dragoman.wire.ollama_chat.request_out import write_request
from dragoman.wire.ollama_chat.words import FEATURES, NAME, OPTIONAL_FIELDS, STREAM_TYPE

name: Final = NAME
path: Final = "/api/chat"

__all__ = [
    "FEATURES",
    "OPTIONAL_FIELDS",
    "STREAM_TYPE",
    "name",
    "path",
    "read_failure",
    "read_reply",
    "read_request",
    "stream_reader",
    "write_object",
    "write_reply",
    "write_request",
]
