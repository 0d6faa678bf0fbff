"""OpenAI's Chat Completions format and what compatible servers made of it, in both directions.

request_in ─▶ ChatRequest ─▶ request_out, conversation
stream_in, reply ─▶ StreamEvent, Reply ─▶ stream_out, reply
content_in, content_out    the content of messages, for both
assistant                  the assistant's turn, in a conversation and in a reply
delta_in, calls_in, parts_in, gathered    the pieces of a stream, put together
leftovers, usage, errors, words           what is unknown, what it cost, what failed, the tables
"""

from typing import Final

from dragoman.wire.openai_chat.errors import read_failure, write_failure
from dragoman.wire.openai_chat.reply import read_reply, write_reply
from dragoman.wire.openai_chat.request_in import read_request
from dragoman.wire.openai_chat.request_out import write_request
from dragoman.wire.openai_chat.stream_in import Reader as stream_reader  # noqa: N813
from dragoman.wire.openai_chat.stream_out import Writer as stream_writer  # noqa: N813
from dragoman.wire.openai_chat.words import FEATURES, NAME, OPTIONAL_FIELDS

name: Final = NAME
path: Final = "/chat/completions"

__all__ = [
    "FEATURES",
    "OPTIONAL_FIELDS",
    "name",
    "path",
    "read_failure",
    "read_reply",
    "read_request",
    "stream_reader",
    "stream_writer",
    "write_failure",
    "write_reply",
    "write_request",
]
