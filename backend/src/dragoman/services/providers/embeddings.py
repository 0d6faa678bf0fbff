"""Vectors in OpenAI's words, passed on as they came, under the model's name that was asked for."""

from typing import Final

import msgspec
from msgspec import Struct

from dragoman.chat import Usage
from dragoman.services.providers.base import Embedded
from dragoman.services.providers.calls import Answered
from dragoman.wire.base import malformed

_decode: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode: Final = msgspec.json.Encoder().encode


class _Spent(Struct):
    prompt_tokens: int | None = None
    total_tokens: int | None = None


_decode_spent: Final = msgspec.json.Decoder(_Spent | None).decode


def embedded(answer: Answered, model: str) -> Embedded:
    """Put our name of the model into an answer; the vectors stay byte for byte.

    Raises `UpstreamError` (`bad_json`) where there are none.
    """
    try:
        said = _decode(answer.body)
        spent = _decode_spent(said["usage"]) if "usage" in said else None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed("bad_json", "the answer is no list of vectors") from error
    if "data" not in said:
        raise malformed("bad_json", "there are no vectors in the answer")
    return Embedded(_encode({**said, "model": model}), _usage(spent), answer.headers)


def _usage(spent: _Spent | None) -> Usage | None:
    """Read what it cost: some vendors tell the sum alone, and nothing but the texts is in it."""
    if spent is None:
        return None
    return Usage(spent.total_tokens if spent.prompt_tokens is None else spent.prompt_tokens)
