"""OpenAI's Responses format and what compatible servers made of it, in both directions.

request_in ─▶ ChatRequest ─▶ request_out, conversation
stream_in, reply ─▶ StreamEvent, Reply ─▶ stream_out, reply
content_in, content_out    what a user says, and what a tool gave back
items_in, items_out        what a model says, in a conversation and in a reply
items_told                 the items of a stream, one after the other
echo                       what a reply repeats of its request
item_events                the events that tell one item
usage, errors, words       what it cost, what failed, the tables
"""

from typing import Final

from dragoman.wire.openai_responses.errors import read_failure, write_failure
from dragoman.wire.openai_responses.reply import read_reply, write_reply
from dragoman.wire.openai_responses.request_in import read_request
from dragoman.wire.openai_responses.request_out import write_request
from dragoman.wire.openai_responses.stream_in import Reader as stream_reader  # noqa: N813
from dragoman.wire.openai_responses.stream_out import Writer as stream_writer  # noqa: N813
from dragoman.wire.openai_responses.words import FEATURES, NAME, OPTIONAL_FIELDS

name: Final = NAME
path: Final = "/responses"

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
