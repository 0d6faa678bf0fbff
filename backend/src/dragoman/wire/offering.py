"""Which functions a model may choose from, said by offering no others."""

from msgspec.structs import replace

from dragoman.chat import AnyTool, ChatRequest, Tool
from dragoman.wire.receipts import Receipts


def offering_allowed(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Offer those functions alone that may be chosen, for who has no words for such a choice."""
    choice = request.tool_choice
    if choice is None or not choice.allowed:
        return request
    tools: tuple[AnyTool, ...] = tuple(
        tool for tool in request.tools if isinstance(tool, Tool) and tool.name in choice.allowed
    )
    if tools:
        receipts.emulated("tool_choice.allowed", "the other tools are not offered")
    else:
        receipts.dropped("tool_choice.allowed", "there is no such tool")
        tools = request.tools
    return replace(request, tools=tools, tool_choice=replace(choice, allowed=()))
