"""Tools read, and how they are to be chosen."""

from collections.abc import Iterator

from dragoman.chat import AnyTool, BuiltinTool, JsonObject, Tool, ToolChoice
from dragoman.wire.gemini.schemas import json_schema, remembered
from dragoman.wire.gemini.spelling import Spelled, set_aside
from dragoman.wire.gemini.words import CHOICES, GROUPS, MODE, NAME, SINGLE, SNAKE


def read_tools(request: Spelled) -> tuple[tuple[AnyTool, ...], tuple[str, ...]]:
    """Take the tools, one by one, and the mark of how they stood together.

    An entry of the list holds functions, and any number of the vendor's own tools.
    """
    if not request.says("tools"):
        return (), ()
    tools: list[AnyTool] = []
    groups: list[str] = []
    for entry in request.listed("tools"):
        functions = [_function(one) for one in _declarations(entry)]
        own = list(_builtins(entry))
        request.form += (mark for mark in entry.form if mark.startswith(SINGLE))
        tools += [*functions, *own]
        spelling = SNAKE if "function_declarations" in entry.form else ""
        groups.append(f"{len(functions)}+{len(own)}{spelling}")
    return tuple(tools), (GROUPS + " ".join(groups),)


def _declarations(entry: Spelled) -> Iterator[Spelled]:
    if entry.says("functionDeclarations"):
        yield from entry.listed("functionDeclarations")


def _builtins(entry: Spelled) -> Iterator[BuiltinTool]:
    for name, settings in entry.rest().items():
        yield BuiltinTool(NAME, name, {name: settings})


def _function(function: Spelled) -> Tool:
    name, description = function.text("name"), function.maybe_text("description")
    parameters, form = _schema(function)
    return Tool(name, description, parameters, extras=set_aside(function, *form))


def _schema(function: Spelled) -> tuple[JsonObject | None, tuple[str, ...]]:
    if function.peek("parametersJsonSchema") is not None:
        whole = function.maybe_object("parametersJsonSchema")
        return None if whole is None else whole.rest(), ()
    dialect = function.maybe_object("parameters")
    if dialect is None:
        return None, ()
    return json_schema(dialect.rest()), (remembered(dialect.rest()),)


def read_choice(request: Spelled, left: JsonObject) -> ToolChoice | None:
    """Take how tools are to be chosen; what says more than this vocabulary can goes to `left`."""
    if not isinstance(request.peek("toolConfig"), dict) or not request.peek("toolConfig"):
        return None
    config = request.inner("toolConfig") or Spelled({})
    choice = _choice(config)
    request.form += config.form
    left |= {f"toolConfig.{name}": value for name, value in config.rest().items()}
    return choice


def _choice(config: Spelled) -> ToolChoice | None:
    said = Spelled(config.peek("functionCallingConfig") or {}, config.at("functionCallingConfig"))
    word = said.peek("mode")
    if not isinstance(word, str) or word.upper() not in CHOICES:
        return None
    config.skip("functionCallingConfig")
    said.skip("mode")
    mode = CHOICES[word.upper()]
    form = () if word in ("AUTO", "NONE", "ANY") else (f"{MODE}{word}",)
    match said.peek("allowedFunctionNames"):
        case [str(name)] if mode == "required":
            said.skip("allowedFunctionNames")
            return ToolChoice("named", name, extras=set_aside(said, *form))
        case [_, *_] as names if mode != "none" and all(isinstance(name, str) for name in names):
            said.skip("allowedFunctionNames")
            return ToolChoice(mode, extras=set_aside(said, *form), allowed=tuple(names))
        case _:
            return ToolChoice(mode, extras=set_aside(said, *form))
