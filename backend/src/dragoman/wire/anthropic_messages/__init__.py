"""Anthropic's Messages format, in both directions.

Facts: https://platform.claude.com/docs/en/api/messages, and the types of `anthropic` 2.12 (PyPI).

A request that came in these words goes out in them, field by field. One that came in others is
adapted first: `adapt` its settings, `turns` its conversation.

request_in ─▶ ChatRequest ─▶ narrow, adapt, turns, seals ─▶ request_out
stream_in, reply ─▶ StreamEvent, Reply ─▶ stream_out, reply
content_in, content_out    the blocks of messages, for both
usage, errors, words       what it cost, what failed, the tables
"""

from typing import Final

from dragoman.wire.anthropic_messages.errors import read_failure, write_failure
from dragoman.wire.anthropic_messages.narrow import FEATURES
from dragoman.wire.anthropic_messages.reply import read_reply, write_reply
from dragoman.wire.anthropic_messages.request_in import read_request
from dragoman.wire.anthropic_messages.request_out import write_request
from dragoman.wire.anthropic_messages.stream_in import Reader as stream_reader  # noqa: N813
from dragoman.wire.anthropic_messages.stream_out import Writer as stream_writer  # noqa: N813
from dragoman.wire.anthropic_messages.words import DEFAULT_OUTPUT, NAME, OPTIONAL_FIELDS

name: Final = NAME
path: Final = "/v1/messages"

__all__ = [
    "DEFAULT_OUTPUT",
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
