"""A format of plain words tells what it leaves out, and refuses what must not be left out."""

import pytest
from msgspec.structs import replace

from dragoman.chat import (
    Base64,
    Category,
    ChatRequest,
    Image,
    Limits,
    LLMBadRequestError,
    Message,
    Output,
    Reasoning,
    ReasoningWish,
    Sampling,
    Text,
    Tool,
)
from dragoman.wire.plain import left_out

WORDS = ChatRequest(
    model="m",
    messages=(
        Message("user", (Text("Hi"),)),
        Message("assistant", (Reasoning("Hm."), Text("Hello"))),
        Message("user", (Text("Bye"),)),
    ),
)
MUCH = replace(
    WORDS,
    system=(Text("Be brief."),),
    limits=Limits(output=9),
    stop=("END",),
    reasoning=ReasoningWish(effort="low"),
    sampling=Sampling(temperature=0.5, frequency_penalty=0.0),
)


def test_plain_words_lose_nothing():
    assert left_out(WORDS, "parrots") == ()


def test_each_thing_left_out_has_a_receipt_unless_the_format_says_it():
    receipts = left_out(MUCH, "parrots", says=["system", "limits"])
    assert [(receipt.field, receipt.action) for receipt in receipts] == [
        ("stop", "dropped"),
        ("reasoning", "dropped"),
        ("temperature", "dropped"),
        ("frequency_penalty", "dropped"),
    ]
    assert receipts[0].reason == "parrots has no word for it"


@pytest.mark.parametrize(
    ("request_", "at"),
    [
        (replace(WORDS, tools=(Tool("t"),)), "tools"),
        (replace(WORDS, output=Output("json_object")), "output"),
        (
            replace(WORDS, messages=(Message("user", (Image(Base64("image/png", "AAAA")),)),)),
            "messages[0]",
        ),
    ],
    ids=["tools", "output", "picture"],
)
def test_what_must_not_be_left_out_is_refused(request_, at):
    with pytest.raises(LLMBadRequestError) as refused:
        left_out(request_, "parrots")
    assert (refused.value.category, refused.value.param) == (Category.UNSUPPORTED, at)
    assert str(refused.value).startswith(f"{at}: parrots knows words alone")
