"""A whole reply, read and written."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from dragoman.chat import (
    Base64,
    ChatRequest,
    Extras,
    Image,
    InvalidInput,
    JsonObject,
    Link,
    Part,
    Reasoning,
    Reply,
    Stop,
    StopReason,
    Text,
    ToolCall,
    UpstreamError,
)
from dragoman.wire.base import NOTHING, malformed
from dragoman.wire.citing import annotations_of
from dragoman.wire.fields import Fields
from dragoman.wire.notes import noted
from dragoman.wire.openai_chat.assistant import read_assistant, write_assistant
from dragoman.wire.openai_chat.content_out import Terms, url_of, words_alone
from dragoman.wire.openai_chat.errors import failure_of
from dragoman.wire.openai_chat.leftovers import Leftovers, lay_out, leftovers_of
from dragoman.wire.openai_chat.usage import read_usage, write_usage
from dragoman.wire.openai_chat.words import (
    NAME,
    OWN_STOP_WORDS,
    REFUSAL,
    STOP_REASONS,
    STOP_WORDS,
    encode,
    forms_of,
    put_back,
    said_only,
)
from dragoman.wire.receipts import Receipts
from dragoman.wire.stream import decode_leniently

_OBJECT = "chat.completion"


def read_reply(body: bytes) -> Reply:
    """Read a whole reply. Raises `UpstreamError` if it is an error, empty, or makes no sense."""
    said = decode_leniently(body)
    if not isinstance(said, dict):
        raise malformed("bad_json", "the reply is not a JSON object")
    if said.get("error"):
        raise UpstreamError(failure_of(said, 200))
    try:
        return _read(Fields(said))
    except InvalidInput as error:
        raise malformed("bad_payload", f"the reply makes no sense: {error}") from error


def _read(body: Fields) -> Reply:
    choice, top = _only_choice(body), body.rest()
    message = Fields(choice.pop("message"), "choices[0].message")
    message.skip("role")
    parts, form = read_assistant(message, joined=True)
    stop = read_stop(
        choice, calls=ToolCall in map(type, parts), refused=any(map(_is_refusal, parts))
    )
    choice.pop("index", None)
    usage = read_usage(top.get("usage"))
    if usage is not None:
        del top["usage"]
    if top.get("object") == _OBJECT:
        del top["object"]
    return Reply(
        id=_text(top, "id"),
        model=_text(top, "model"),
        created=body.maybe_int("created") if isinstance(top.get("created"), int) else None,
        parts=parts,
        stop=stop,
        usage=usage,
        extras=lay_out(Leftovers(top, choice, message.rest()), form),
    )


def _only_choice(body: Fields) -> JsonObject:
    choices = list(body.objects("choices"))
    if not choices or choices[0].peek("message") is None:
        raise malformed("empty_response", "the reply holds no message")
    if len(choices) > 1:
        raise malformed(
            "many_choices", f"the reply holds {len(choices)} choices; one was asked for"
        )
    return choices[0].rest()


def _text(left: JsonObject, name: str) -> str | None:
    """Take a string; what is none stays where it is."""
    value = left.get(name)
    if not isinstance(value, str):
        return None
    del left[name]
    return value


def read_stop(choice: JsonObject, *, calls: bool, refused: bool) -> Stop:
    """Take why a reply ended; a word that is not this format's own stays in `choice`.

    A reply that names no reason ended because it was whole, or because it asks for tools.
    """
    word = choice.get("finish_reason")
    if not isinstance(word, str) or not word:
        return Stop(StopReason.TOOL if calls else StopReason.STOP)
    if word in OWN_STOP_WORDS:
        del choice["finish_reason"]
    reason = STOP_REASONS.get(word, StopReason.STOP)
    return Stop(StopReason.REFUSAL if refused and reason is StopReason.STOP else reason, word)


def _is_refusal(part: Part) -> bool:
    return isinstance(part, Text) and part.extras is not None and REFUSAL in forms_of(part.extras)


def stop_word(stop: Stop | None, choice: JsonObject) -> str | None:
    """Give the word for why a reply ended; `choice` may hold one that is another vendor's own."""
    if stop is None:
        return None
    if stop.word in OWN_STOP_WORDS and _agrees(stop, stop.word):
        return stop.word
    word: str | None = choice.get("finish_reason", STOP_WORDS[stop.reason])
    return word


def _agrees(stop: Stop, word: str) -> bool:
    """Tell whether a word means here what its vendor meant: Ollama ends a call in "stop"."""
    # Here, a refusal ends so too.
    return stop.reason in (STOP_REASONS[word], StopReason.REFUSAL)


def write_reply(reply: Reply, _request: ChatRequest | None = None, /) -> bytes:
    """Write a whole reply for a client.

    Reasoning from other formats is shown, without its seal; pictures stand in the field `images`,
    as clients of OpenRouter know it, and words for other files.
    """
    left = leftovers_of(reply.extras)
    choice = {
        "index": 0,
        "message": {"role": "assistant", **_message(reply, left.message)},
        "finish_reason": stop_word(reply.stop, left.choice),
    }
    body = {
        "id": reply.id,
        "object": left.top.get("object", _OBJECT),
        "created": reply.created,
        "model": reply.model,
        "choices": [put_back(choice, left.choice)],
        "usage": None if reply.usage is None else write_usage(reply.usage),
    }
    return encode(put_back(said_only(body), left.top))


def _message(reply: Reply, left: JsonObject) -> JsonObject:
    """Write the message of a whole reply, all but its role."""
    form = forms_of(reply.extras)
    words = None if form else words_alone(reply.parts)
    if words is not None:
        return put_back({"content": words}, left)
    turn = Extras(NAME, left, form)
    message = write_assistant(shown(reply.parts), no_terms(), turn, joined=True)
    return message | beside_words(reply.parts)


def shown(parts: Iterable[Part]) -> list[Part]:
    """Make of other formats' reasoning and files what a client of this one can see."""
    return [_shown(part) for part in parts]


def _shown(part: Part) -> Part:
    match part:
        case Reasoning(origin=origin) if origin != NAME:
            return replace(part, origin=NAME, signature=None, encrypted=None, extras=None)
        case Image(source=Base64() | Link()):
            return part
        case _:
            return noted(part)


def beside_words(parts: Sequence[Part]) -> JsonObject:
    """Write what a message says beside its words: the addresses that they cite, and pictures."""
    return annotations_of(parts) | pictures(parts)


def pictures(parts: Iterable[Part]) -> JsonObject:
    """Write the field of a message that holds pictures; nothing if there are none.

    https://openrouter.ai/docs/features/multimodal/image-generation
    """
    written = [
        {"type": "image_url", "image_url": {"url": url_of(part.source)}}
        for part in parts
        if isinstance(part, Image) and isinstance(part.source, Base64 | Link)
    ]
    return {"images": written} if written else {}


def no_terms() -> Terms:
    """Give the terms on which a client is written to: it takes everything, and gets no receipts."""
    return Terms(NOTHING, Receipts(NAME))
