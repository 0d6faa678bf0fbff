"""Tools written, and how they are to be chosen."""

from typing import TypeAlias

from dragoman.chat import AnyTool, BuiltinTool, ChatRequest, JsonObject, Tool, ToolChoice
from dragoman.wire.gemini.parts_out import Terms
from dragoman.wire.gemini.schemas import recalled
from dragoman.wire.gemini.spelling import respelled, unlisted
from dragoman.wire.gemini.words import (
    CHOICE_WORDS,
    GROUPS,
    MODE,
    NAME,
    OPENAPI,
    SNAKE,
    forms_of,
    is_own,
    mark_of,
    own,
    put_back,
    said_only,
)


def write_tools(request: ChatRequest, terms: Terms) -> list[JsonObject] | None:
    """Write the tools, together as they stood, or functions first. `None` if there are none."""
    functions: list[JsonObject] = []
    builtins: list[JsonObject] = []
    kinds = ""
    for place, tool in enumerate(request.tools):
        terms.require("tools", "tools")
        written = _tool(tool, f"tools[{place}]", terms)
        if written is None:
            continue
        function = isinstance(tool, Tool)
        (functions if function else builtins).append(written)
        kinds += "f" if function else "b"
    groups = mark_of(request.extras, GROUPS)
    entries = _entries(groups, kinds) or _entries(_usual(len(functions), len(builtins)), None)
    taken, known = iter(functions), iter(builtins)
    tools = []
    for count, others, form in entries or ():
        said: JsonObject = {}
        if count:
            said["functionDeclarations"] = [next(taken) for _ in range(count)]
        for _ in range(others):
            said |= next(known)
        tools.append(respelled(unlisted(said, request.extras), form))
    return tools or None


def _usual(functions: int, builtins: int) -> str:
    return " ".join([f"{functions}+0"] * bool(functions) + ["0+1"] * builtins)


_Entry: TypeAlias = tuple[int, int, tuple[str, ...]]


def _entries(groups: str | None, kinds: str | None) -> list[_Entry] | None:
    """Give how many functions and others each entry holds, if that is how the tools still are,
    and how it is spelled.
    """
    if groups is None:
        return None
    entries = [_entry(group) for group in groups.split()]
    told = "".join("f" * one + "b" * other for one, other, _ in entries)
    return entries if kinds in (None, told) else None


def _entry(group: str) -> _Entry:
    functions, _, others = group.removesuffix(SNAKE).partition("+")
    form = ("function_declarations",) if group.endswith(SNAKE) else ()
    return int(functions), int(others), form


def _tool(tool: AnyTool, at: str, terms: Terms) -> JsonObject | None:
    match tool:
        case BuiltinTool(wire, kind, fields):
            if wire == NAME:
                return fields
            terms.receipts.dropped(at, f"only {wire} has the tool {kind!r}")
            return None
        case Tool(name, description, parameters, extras=extras):
            dialect = recalled(mark_of(extras, OPENAPI), parameters)
            said = said_only(
                {
                    "name": name,
                    "description": description,
                    "parameters": dialect,
                    "parametersJsonSchema": parameters if dialect is None else None,
                }
            )
            return respelled(put_back(said, own(extras)), forms_of(extras))


def write_choice(request: ChatRequest, terms: Terms) -> JsonObject | None:
    """Write how tools are to be chosen; `None` where nobody said."""
    choice = request.tool_choice
    if choice is None:
        return None
    if choice.parallel is False:
        terms.receipts.dropped("tool_choice.parallel", "this format has no word for it")
    if choice.mode is None:
        return None
    if not request.tools and not is_own(request.extras):
        if choice.mode in ("required", "named"):
            terms.receipts.dropped("tool_choice", "there is no tool to choose")
        return None
    form = forms_of(request.extras)
    config = _choice(choice, own_words=is_own(request.extras))
    return respelled({"functionCallingConfig": config}, form)


def _choice(choice: ToolChoice, *, own_words: bool) -> JsonObject:
    spelled = mark_of(choice.extras, MODE)
    said: JsonObject = {"mode": spelled or CHOICE_WORDS[choice.mode or "auto"]}
    if choice.mode == "named":
        said["allowedFunctionNames"] = [choice.name]
    elif choice.allowed:
        said["allowedFunctionNames"] = list(choice.allowed)
        if said["mode"] == "AUTO" and not own_words:
            # Names go with ANY and VALIDATED alone; https://ai.google.dev/api/caching#Mode_1
            said["mode"] = "VALIDATED"
    return respelled(put_back(said, own(choice.extras)), forms_of(choice.extras))
