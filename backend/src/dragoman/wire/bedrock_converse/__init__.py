"""Amazon Bedrock's Converse format, as far as a provider of it needs.

Facts: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, and the
service model of `bedrock-runtime` in `botocore` 1.44 (PyPI). The model, and whether to stream,
stand in the address: `write_request` gives the path. Streams are Amazon's frames (`frames`).

A request that came in these words goes out in them, field by field. One that came in others is
adapted first: `turns` its conversation, `adapt` its settings, `thinking` how models reason. No
client speaks this format here: `read_request` and `write_reply` are for whoever keeps or replays
such a request or a reply.

request_in ─▶ ChatRequest ─▶ adapt, thinking, turns, files ─▶ request_out
stream_in, reply ─▶ StreamEvent, Reply ─▶ reply
content_in, content_out    the blocks of messages, for both
usage, errors, words       what it cost, what failed, the tables
"""

from typing import Final

from dragoman.wire.bedrock_converse.errors import read_exception, read_failure
from dragoman.wire.bedrock_converse.reply import read_reply, write_reply
from dragoman.wire.bedrock_converse.request_in import read_request
from dragoman.wire.bedrock_converse.request_out import write_request
from dragoman.wire.bedrock_converse.stream_in import Reader as stream_reader  # noqa: N813
from dragoman.wire.bedrock_converse.words import NAME, STREAM_TYPE

name: Final = NAME
path: Final = "/model/{model}/converse"

__all__ = [
    "STREAM_TYPE",
    "name",
    "path",
    "read_exception",
    "read_failure",
    "read_reply",
    "read_request",
    "stream_reader",
    "write_reply",
    "write_request",
]
