"""A client's request, read strictly: every complaint says where."""

from collections.abc import Iterator

from dragoman.chat import (
    ChatRequest,
    Extras,
    JsonObject,
    Message,
    Part,
    Role,
    Text,
)
from dragoman.wire.fields import read_object
from dragoman.wire.gemini.calls import Pairing
from dragoman.wire.gemini.config_in import read_config
from dragoman.wire.gemini.parts_in import read_part
from dragoman.wire.gemini.spelling import Spelled, set_aside
from dragoman.wire.gemini.tools_in import read_choice, read_tools
from dragoman.wire.gemini.words import AS_STRING, NAME, NO_PARTS, OF_SYSTEM, ROLE

_ROLES = ("user", "model")


def read_request(body: bytes) -> ChatRequest:
    """Read a client's request. Raises `InvalidInput` that says where it is wrong.

    The model, and whether to stream, stand in the address and not in the body: they are "" and
    False here, for the caller to replace. A `model` in the body is not heard: the address decides.
    Fields nobody here knows stay in the extras, which are never `None`: they tell who read the
    request. Those of an inner object have both names, as in `generationConfig.speechConfig`.
    """
    request = Spelled(read_object(body).rest())
    request.skip("model")
    left: JsonObject = {}
    system = _system(request, left)
    tools, grouping = read_tools(request)
    choice = read_choice(request, left)
    config = read_config(request, left)
    messages = tuple(_messages(request))
    return ChatRequest(
        model="",
        messages=messages,
        system=system,
        tools=tools,
        tool_choice=choice,
        output=config.output,
        sampling=config.sampling,
        reasoning=config.reasoning,
        limits=config.limits,
        stop=config.stop,
        extras=Extras(
            NAME, request.rest() | left, tuple(dict.fromkeys((*grouping, *request.form)))
        ),
    )


def _messages(request: Spelled) -> Iterator[Message]:
    if not isinstance(request.peek("contents"), list | dict):
        raise request.wrong("contents", "a list", request.peek("contents"))
    pairing = Pairing()
    for content in request.listed("contents"):
        yield _message(content, pairing)


def _message(content: Spelled, pairing: Pairing) -> Message:
    word = content.maybe_text("role")
    parts, form = read_content(content, pairing)
    marks = form if word in _ROLES else (*form, f"{ROLE}{word or ''}")
    role: Role = "assistant" if word == "model" else "user"
    return Message(role, parts, set_aside(content, *marks))


def read_content(content: Spelled, pairing: Pairing) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Read the parts of a content, and the marks of how they were spelled.

    Raises `InvalidInput` where one is not what it should be.
    """
    match content.peek("parts"):
        case None:
            return (), (NO_PARTS,)
        case dict() as only:
            content.skip("parts")
            content.form.append("single parts")
            return (read_part(only, content.at("parts"), pairing),), ()
        case list() as items:
            content.skip("parts")
            path = content.at("parts")
            return tuple(
                read_part(item, f"{path}[{place}]", pairing) for place, item in enumerate(items)
            ), ()
        case other:
            raise content.wrong("parts", "a list", other)


def _system(request: Spelled, left: JsonObject) -> tuple[Text, ...]:
    """Take the system instruction; what is no text in it stays whole."""
    match request.peek("systemInstruction"):
        case str(text):
            request.skip("systemInstruction")
            request.form.append(AS_STRING)
            return (Text(text),)
        case None:
            return ()
        case value:
            content = Spelled(value, request.at("systemInstruction"))
    parts, _ = read_content(content, Pairing())
    texts = tuple(part for part in parts if isinstance(part, Text))
    if not texts or len(texts) < len(parts):
        return ()
    request.skip("systemInstruction")
    if content.peek("role") is not None:
        # It says nothing: whoever speaks here is the system.
        content.form.append(f"{ROLE}{content.text('role')}")
    left |= {f"systemInstruction.{name}": said for name, said in content.rest().items()}
    request.form += (mark + OF_SYSTEM if " " in mark else mark for mark in content.form)
    return texts
