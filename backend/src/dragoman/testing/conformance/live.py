"""Cases for a server at an address: is it what it says it is? Each asks once."""

import base64
import struct
import zlib
from typing import Final

import msgspec
from msgspec.structs import replace

from dragoman.chat import (
    Base64,
    Category,
    Image,
    Limits,
    Message,
    Output,
    Reasoning,
    ReasoningWish,
    Reply,
    StopReason,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
)
from dragoman.testing.conformance import forms
from dragoman.testing.conformance.case import (
    Case,
    NotOffered,
    Shortfall,
    case,
    cases_in,
    require,
    require_equal,
)
from dragoman.testing.conformance.endpoint import PLAIN, Endpoint, need_growth
from dragoman.wire.stream import decode_leniently

_NEVER_THERE: Final = "no-such-model-8c1e"
_NO_KEY: Final = "no-such-key-3f7a91d2"

_WEATHER: Final = Tool(
    "get_weather",
    "Tells the weather in a city",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
_PARIS: Final = ToolCall("call_paris1", _WEATHER.name, '{"city":"Paris"}')


def _user(text: str) -> tuple[Message, ...]:
    return (Message("user", (Text(text),)),)


_ASKING_FOR_A_CALL: Final = replace(
    PLAIN,
    messages=_user("What is the weather in Paris?"),
    tools=(_WEATHER,),
    tool_choice=ToolChoice("required"),
)


@case("models.are_listed")
async def models(endpoint: Endpoint) -> str:
    """The list of models names the one that is asked."""
    listed = await endpoint.models()
    if endpoint.model not in (name.rpartition("/")[2] for name in listed):
        require(endpoint.model in listed, f"saw {', '.join(listed[:5])}, not {endpoint.model}")
    return f"{len(listed)} models"


@case("plain.is_answered")
async def plain(endpoint: Endpoint) -> str:
    """A question is answered, and the answer is finished."""
    reply = (await endpoint.plain()).answer
    require(bool(reply.text), f"saw no words (the end: {reply.stop}), expected some")
    seen = reply.stop and reply.stop.reason
    require(seen in (StopReason.STOP, StopReason.LENGTH), f"saw {seen}, expected stop or length")
    return f"{reply.model}: {reply.text[:40]!r}"


@case("plain.has_the_form")
async def form(endpoint: Endpoint) -> None:
    """A whole answer has every field that clients of the format rely on."""
    said = await endpoint.plain()
    wire = endpoint.provider.wire.name
    _check(forms.lacks(decode_leniently(said.raw.body), forms.WHOLE.get(wire, {})))


def _check(problem: str | None) -> None:
    if problem is not None:
        raise Shortfall(problem)


@case("stream.is_answered")
async def stream(endpoint: Endpoint) -> str:
    """A question is answered in a stream, in pieces."""
    said = await endpoint.plain(stream=True)
    require(bool(said.answer.text), "saw no words, expected some")
    media = said.raw.headers.get("content-type", "").partition(";")[0]
    require_equal(media, "text/event-stream", "the content type")
    require(said.words > 1, "saw all words at once, expected pieces")
    return f"{said.words} pieces"


@case("stream.has_the_form")
async def stream_form(endpoint: Endpoint) -> None:
    """Each event of a stream has the fields that clients rely on, and the last is the end."""
    said = await endpoint.plain(stream=True)
    _check(forms.stream_lacks(endpoint.provider.wire.name, said.raw.body))


def _counted(reply: Reply) -> str:
    usage = reply.usage or Usage()
    require(
        bool(usage.input and usage.output),
        f"saw {usage.input} tokens in and {usage.output} out, expected numbers",
    )
    return f"{usage.input} in, {usage.output} out"


@case("usage.is_told_whole")
async def usage(endpoint: Endpoint) -> str:
    """A whole answer tells what it cost."""
    return _counted((await endpoint.plain()).answer)


@case("usage.is_told_streamed")
async def usage_streamed(endpoint: Endpoint) -> str:
    """A stream tells what it cost, if it is asked to."""
    return _counted((await endpoint.plain(stream=True)).answer)


_SHORT: Final = 16  # what OpenAI's responses take at least


@case("stop.length_is_kept")
async def length(endpoint: Endpoint) -> str:
    """A limit of tokens is kept to, and told as the reason to stop."""
    request = replace(
        PLAIN,
        messages=_user("Count from one to one hundred, in words."),
        limits=Limits(output=_SHORT),
    )
    reply = (await endpoint.ask(request)).answer
    counted = (reply.usage or Usage()).output
    if reply.stop and reply.stop.reason is StopReason.STOP and (counted or _SHORT) < _SHORT:
        raise NotOffered(f"the model ended by itself after {counted} tokens, so this was not seen")
    require_equal(reply.stop and reply.stop.reason, StopReason.LENGTH, "the reason to stop")
    require(counted is None or counted <= _SHORT, f"saw {counted} tokens, expected {_SHORT}")
    return f"{counted} tokens"


@case("stop.words_are_heeded")
async def stop_words(endpoint: Endpoint) -> None:
    """A stop word ends the answer, and is not in it."""
    request = replace(
        PLAIN, messages=_user("Write exactly this: alpha bravo charlie delta"), stop=("charlie",)
    )
    reply = (await endpoint.ask(request)).offered()
    if any(receipt.field == "stop" for receipt in reply.receipts):
        raise NotOffered("this format has no stop words")
    require("charlie" not in reply.text, f"saw {reply.text[:80]!r}, expected no 'charlie'")


@case("system.is_read")
async def system(endpoint: Endpoint) -> str:
    """What the model is told beforehand is read: it costs tokens."""
    before = await endpoint.cost_of_plain()
    words = "You are the keeper of a lighthouse, and speak of ships and the sea whenever you can."
    reply = (await endpoint.ask(replace(PLAIN, system=(Text(words),)))).answer
    # A server may put words of its own where nobody says any: then fewer are no sign.
    after = (reply.usage or Usage()).input or 0
    if after < before:
        return f"{after} tokens of input in place of {before}: it has words of its own otherwise"
    need_growth(before, after, "the system text")
    return f"{after} tokens of input in place of {before}"


def _calls(reply: Reply) -> list[ToolCall]:
    return [part for part in reply.parts if isinstance(part, ToolCall)]


async def _called(endpoint: Endpoint, *, stream: bool) -> str:
    before = await endpoint.cost_of_plain()
    reply = (await endpoint.ask(_ASKING_FOR_A_CALL, stream=stream)).offered()
    calls = _calls(reply)
    if not calls:
        need_growth(before, (reply.usage or Usage()).input or 0, "the tool")
        raise Shortfall(f"a call was required: saw {reply.text[:80]!r}, expected a call")
    call = calls[0]
    require_equal(call.name, _WEATHER.name, "the name of the call")
    arguments = _decoded(call.arguments)
    require(
        isinstance(arguments, dict) and "city" in arguments,
        f"the arguments: saw {call.arguments!r}, expected a JSON object with a city",
    )
    require(bool(call.id), "the call has no id")
    require_equal(reply.stop and reply.stop.reason, StopReason.TOOL, "the reason to stop")
    return call.arguments


def _decoded(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


@case("tools.call_comes_whole")
async def tools(endpoint: Endpoint) -> str:
    """A tool that must be called is called, with arguments of its schema."""
    return await _called(endpoint, stream=False)


@case("tools.call_comes_streamed")
async def tools_streamed(endpoint: Endpoint) -> str:
    """The same in a stream."""
    return await _called(endpoint, stream=True)


@case("parallel_tools.come_together")
async def parallel(endpoint: Endpoint) -> str:
    """Two calls can come in one answer, each with an id of its own."""
    words = "What is the weather in Paris and in Rome? Call the tool for both at once."
    reply = (await endpoint.ask(replace(_ASKING_FOR_A_CALL, messages=_user(words)))).offered()
    calls = _calls(reply)
    if len(calls) < 2:
        raise NotOffered(f"the model made {len(calls)} calls where two were wanted")
    require_equal(len({call.id for call in calls}), len(calls), "the number of different ids")
    return ", ".join(call.arguments for call in calls)


@case("tool_results.are_read")
async def results(endpoint: Endpoint) -> str:
    """A conversation with a call and its result is taken, and answered in words."""
    request = replace(
        PLAIN,
        messages=(
            *_user("What is the weather in Paris?"),
            Message("assistant", (_PARIS,)),
            Message("user", (ToolResult(_PARIS.id, (Text("hail, and 17 degrees"),)),)),
        ),
        tools=(_WEATHER,),
    )
    reply = (await endpoint.ask(request)).offered()
    require(bool(reply.parts), "saw no answer, expected one")
    heeded = any(word in reply.text.lower() for word in ("17", "hail"))
    return repr(reply.text[:60]) + ("" if heeded else ", which does not speak of the result")


@case("images.are_read")
async def images(endpoint: Endpoint) -> str:
    """A picture is read: it costs tokens."""
    words = "Name three colours, in one short sentence."
    picture = Image(Base64("image/png", _red_square()))
    request = replace(PLAIN, messages=(Message("user", (Text(words), picture)),))
    before = await endpoint.cost_of_plain()
    reply = (await endpoint.ask(request)).offered()
    need_growth(before, (reply.usage or Usage()).input or 0, "the picture")
    return repr(reply.text[:60])


def _red_square(side: int = 32) -> str:
    """Draw a picture large enough for every vendor, in PNG, as base64."""
    row = b"\0" + b"\xff\0\0" * side

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    picture = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(row * side))
        + chunk(b"IEND", b"")
    )
    return base64.b64encode(picture).decode()


@case("schema.is_kept")
async def schema(endpoint: Endpoint) -> str:
    """An answer by a schema is JSON of that schema."""
    wanted = {
        "type": "object",
        "properties": {"year": {"type": "integer"}, "city": {"type": "string"}},
        "required": ["year", "city"],
        "additionalProperties": False,
    }
    words = "In which year and city were the first modern Olympic games?"
    output = Output("json_schema", wanted, name="games", strict=True)
    reply = (await endpoint.ask(replace(PLAIN, messages=_user(words), output=output))).offered()
    found = _decoded(reply.text)
    good = isinstance(found, dict) and found.keys() == {"year", "city"}
    require(
        good and isinstance(found, dict) and type(found["year"]) is int,
        f"saw {reply.text[:80]!r}, expected JSON with year and city",
    )
    return reply.text[:60]


@case("reasoning.is_told")
async def reasoning(endpoint: Endpoint) -> str:
    """A wish to think is taken, and thinking is told or counted."""
    request = replace(PLAIN, reasoning=ReasoningWish(effort="low"), limits=Limits(output=1024))
    reply = (await endpoint.ask(request)).offered()
    thoughts = [part for part in reply.parts if isinstance(part, Reasoning)]
    counted = (reply.usage or Usage()).reasoning
    if not thoughts and not counted:
        raise NotOffered("nothing of what the model thinks is told or counted")
    return f"{len(thoughts)} parts, {counted} tokens"


@case("model.unknown_is_refused")
async def unknown_model(endpoint: Endpoint) -> None:
    """A model that is not there is not found."""
    said = await endpoint.ask(PLAIN, model=_NEVER_THERE)
    require_equal(said.failure.category, Category.MODEL_NOT_FOUND, "the category")


@case("error.has_the_form")
async def error_form(endpoint: Endpoint) -> str:
    """What is no request is refused with a 4xx, in the form of the format's errors."""
    said = await endpoint.ask_nonsense()
    require(400 <= said.status < 500, f"saw the status {said.status}, expected one of 400 to 499")
    wanted = forms.ERROR.get(endpoint.provider.wire.name, {})
    _check(forms.lacks(decode_leniently(said.body), wanted))
    return f"status {said.status}"


@case("key.wrong_is_refused")
async def wrong_key(endpoint: Endpoint) -> None:
    """A wrong key is refused as one."""
    if not endpoint.has_key:
        raise NotOffered("no key was sent")
    said = await endpoint.ask(PLAIN, key=_NO_KEY)
    require_equal(said.failure.category, Category.AUTHENTICATION, "the category")


@case("cancel.leaves_it_well")
async def cancelled(endpoint: Endpoint) -> str:
    """After a stream that nobody listens to any more, the next question is answered."""
    request = replace(PLAIN, messages=_user("Count from one to one hundred, in words."))
    first = await endpoint.ask(request, stream=True, until_first_word=True)
    require(bool(first.words), f"saw no word of a stream: {first.error}")
    said = await endpoint.ask(PLAIN)
    require(bool(said.answer.text), "saw no words after a cancelled stream, expected some")
    return "answered"


LIVE_CASES: Final[tuple[Case[Endpoint], ...]] = cases_in(globals(), Case)
"""Every case, in the order in which a server is asked."""
