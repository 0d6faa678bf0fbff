"""What the kit asks and what it is answered: words to be found again."""

from typing import Final

from msgspec.structs import replace

from dragoman.chat import (
    Base64,
    ChatRequest,
    Image,
    Limits,
    Message,
    Output,
    Reasoning,
    ReasoningWish,
    Reply,
    Sampling,
    Stop,
    StopReason,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
)

OUR_MODEL: Final = "our-own-name"
VENDOR_MODEL: Final = "vendor-model"

SAID: Final = ("I am Ada", "Nice to meet you", "Who am I?")
TALK: Final = ChatRequest(
    model=OUR_MODEL,
    messages=(
        Message("user", (Text(SAID[0]),)),
        Message("assistant", (Text(SAID[1]),)),
        Message("user", (Text(SAID[2]),)),
    ),
)

SYSTEM: Final = "Answer as a lighthouse keeper"
TIDE: Final = Tool(
    "look_up_tide",
    "Tells when the water is highest",
    {
        "type": "object",
        "properties": {"harbour": {"type": "string", "description": "Name of the quay"}},
        "required": ["harbour"],
    },
)
BREST: Final = ToolCall("call_brest1", TIDE.name, '{"harbour":"Brest"}')
CORK: Final = ToolCall("call_cork22", TIDE.name, '{"harbour":"Cork"}')
# One pixel, in PNG.
PIXEL: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
SCHEMA: Final = {
    "type": "object",
    "properties": {"fathoms": {"type": "integer"}},
    "required": ["fathoms"],
    "additionalProperties": False,
}

WITH_SYSTEM: Final = replace(TALK, system=(Text(SYSTEM),))
WITH_TOOLS: Final = replace(TALK, tools=(TIDE,), tool_choice=ToolChoice("auto"))
WITH_RESULTS: Final = replace(
    WITH_TOOLS,
    messages=(
        Message("user", (Text("When is high water?"),)),
        Message("assistant", (BREST, CORK)),
        Message(
            "user",
            (
                ToolResult(BREST.id, (Text("at ten past four"),)),
                ToolResult(CORK.id, (Text("at half past six"),)),
            ),
        ),
    ),
)
WITH_IMAGE: Final = replace(
    TALK,
    messages=(Message("user", (Text("What is this?"), Image(Base64("image/png", PIXEL)))),),
)
WITH_SCHEMA: Final = replace(TALK, output=Output("json_schema", SCHEMA, name="depth", strict=True))
WITH_REASONING: Final = replace(TALK, reasoning=ReasoningWish(effort="high"))
WITH_SETTINGS: Final = replace(
    TALK, limits=Limits(output=4077), sampling=Sampling(temperature=0.625), stop=("AVAST",)
)

GOOD_DAY: Final = Reply(
    id="reply-1",
    model=VENDOR_MODEL,
    created=1_700_000_000,
    parts=(Text("Good day"),),
    stop=Stop(StopReason.STOP),
    usage=Usage(input=11, output=7),
)
PRICED: Final = replace(GOOD_DAY, usage=Usage(input=1111, output=77))
ONE_CALL: Final = replace(GOOD_DAY, parts=(BREST,), stop=Stop(StopReason.TOOL))
TWO_CALLS: Final = replace(GOOD_DAY, parts=(BREST, CORK), stop=Stop(StopReason.TOOL))
THOUGHT: Final = "the ebb comes first"
REASONED: Final = replace(GOOD_DAY, parts=(Reasoning(THOUGHT), Text("Good day")))
BY_SCHEMA: Final = replace(GOOD_DAY, parts=(Text('{"fathoms": 20}'),))
