"""Google's Gemini format (`generateContent`), in both directions.

Facts: https://ai.google.dev/api/generate-content, and the types of `google-genai` 3.4 (PyPI). The
model, and whether to stream, stand in the address: `read_request` leaves both to its caller, and
`write_request` gives the path.

request_in, config_in, tools_in ─▶ ChatRequest ─▶ adapt, request_out, config_out, tools_out
stream_in, reply                ─▶ StreamEvent, Reply ─▶ stream_out, reply
parts_in, parts_out                      the parts of contents, for both
parts_told, partial_args, framing, gathered    the pieces of a stream, put together
calls, schemas, spelling                 ids that are left out, two dialects, two spellings
usage, errors, words                     what it cost, what failed, the tables
"""

from typing import Final

from dragoman.wire.gemini.errors import read_failure, write_failure
from dragoman.wire.gemini.reply import write_reply
from dragoman.wire.gemini.request_in import read_request
from dragoman.wire.gemini.request_out import write_request
from dragoman.wire.gemini.stream_in import Reader as stream_reader  # noqa: N813
from dragoman.wire.gemini.stream_in import read_reply
from dragoman.wire.gemini.stream_out import Writer as stream_writer  # noqa: N813
from dragoman.wire.gemini.words import FEATURES, NAME, OPTIONAL_FIELDS

name: Final = NAME
path: Final = "/models/{model}:generateContent"

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
