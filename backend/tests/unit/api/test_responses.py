"""The promises about what is said before a response: the same as if the client had sent it all."""

import json
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.api.doors.kept_responses import listed, sendable, wishes_of
from dragoman.chat import InvalidInput
from dragoman.storage import Step
from dragoman.wire import openai_responses

words = st.text("abc ÄÖ😀\n", max_size=8)
ids = st.integers(1, 10**6)

told = st.one_of(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["user", "developer", "system"]),
        words,
    ),
    st.builds(
        lambda text: {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": text}, {"type": "input_text", "text": ""}],
        },
        words,
    ),
    st.builds(
        lambda n, text: {"type": "function_call_output", "call_id": f"call_{n}", "output": text},
        ids,
        words,
    ),
    st.builds(lambda text: {"role": "assistant", "content": text}, words),
)
answered = st.one_of(
    st.builds(
        lambda n, texts: {
            "id": f"msg_{n}",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []} for text in texts],
        },
        ids,
        st.lists(words, min_size=1, max_size=3),
    ),
    st.builds(
        lambda n, text: {
            "id": f"rs_{n}",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": text}] if text else [],
            "encrypted_content": f"sealed {n}",
        },
        ids,
        words,
    ),
    st.builds(
        lambda n, text: {
            "id": f"fc_{n}",
            "type": "function_call",
            "call_id": f"call_{n}",
            "name": "f",
            "arguments": json.dumps({"x": text}),
            "status": "completed",
        },
        ids,
        words,
    ),
    st.builds(lambda n: {"id": f"ws_{n}", "type": "web_search_call", "status": "completed"}, ids),
)
turns = st.lists(
    st.tuples(st.lists(told, max_size=3), st.lists(answered, min_size=1, max_size=3)), max_size=4
)


def steps_of(said):
    return [Step(seq, tuple(asked), tuple(output)) for seq, (asked, output) in enumerate(said, 1)]


def reading(items):
    body = json.dumps({"model": "gpt", "input": items}).encode()
    return body, openai_responses.read_request(body)


@given(said=turns, new=st.lists(told, max_size=3))
def test_going_on_from_a_response_is_as_if_all_had_been_sent(said, new):
    body, request = reading(new)
    everything = [item for asked, output in said for item in (*asked, *output)]
    _, wanted = reading([*everything, *new])

    going_on = sendable(request, wishes_of(body, request), steps_of(said))

    assert going_on.messages == wanted.messages


@given(said=turns.filter(bool), new=st.lists(told, max_size=2))
def test_naming_an_item_is_as_if_it_had_been_sent(said, new):
    everything = [item for asked, output in said for item in (*asked, *output)]
    kept = {item["id"]: item for item in everything if "id" in item}
    whole = [kept.get(item.get("id"), item) for item in everything]
    short = [
        {"type": "item_reference", "id": item["id"]} if "id" in item else item
        for item in everything
    ]
    body, request = reading([*short, *new])
    _, wanted = reading([*whole, *new])

    wishes = wishes_of(body, request)
    found = wishes.with_items(kept)

    assert wishes.named == kept.keys()
    assert list(found.items) == [*whole, *new]
    assert sendable(request, found, ()).messages == wanted.messages


@pytest.mark.parametrize(("before", "now", "fits"), [(16, 14, True), (20, 15, False)])
def test_what_is_gone_on_from_counts_like_what_is_sent(before, now, fits):
    body, request = reading([{"role": "user", "content": "x" * (now << 20)}])
    steps = steps_of([([{"role": "user", "content": "x" * (before << 20)}], [])])

    with nullcontext() if fits else pytest.raises(InvalidInput, match="33,554,432 bytes"):
        sendable(request, wishes_of(body, request), steps)


@given(said=turns, new=st.lists(told, max_size=3))
def test_every_item_is_listed_once_in_order_with_an_id_of_its_own(said, new):
    steps = [*steps_of(said), Step(99, tuple(new), ())]
    items = list(listed(steps))

    everything = [item for asked, output in said for item in (*asked, *output)] + new
    made_up = [item["id"] for item, own in zip(items, everything, strict=True) if "id" not in own]
    assert len(set(made_up)) == len(made_up)
    for item, own in zip(items, everything, strict=True):
        assert item["type"] == own.get("type", "message")
        if "id" in own:
            assert item == own
