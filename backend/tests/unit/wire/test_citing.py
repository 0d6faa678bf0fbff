"""Addresses that a reply cites, told to clients of chat completions, whole and streamed."""

import json
from typing import Any, Final

import pytest

from dragoman.chat import (
    Extras,
    Json,
    PartDelta,
    PartEnd,
    PartStart,
    Reply,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    StreamEvent,
    Text,
)
from dragoman.testing.tapes import read_stream
from dragoman.wire import openai_chat as wire

PAGE: Final = {"url": "https://a.test", "title": "A"}
OF_RESPONSES: Final = {"type": "url_citation", **PAGE, "start_index": 1, "end_index": 3}
OF_MESSAGES: Final = {"type": "web_search_result_location", **PAGE, "cited_text": "…"}


def cited(start: int, end: int) -> dict[str, Any]:
    place = {"start_index": start, "end_index": end, **PAGE}
    return {"type": "url_citation", "url_citation": place}


def extras_of(wire_name: str, *told: Json) -> Extras:
    name = "annotations" if wire_name == "openai_responses" else "citations"
    return Extras(wire_name, {name: list(told)})


CASES: Final = pytest.mark.parametrize(
    ("extras", "place"),
    [
        (extras_of("openai_responses", OF_RESPONSES), (6, 8)),
        (extras_of("anthropic_messages", OF_MESSAGES), (5, 9)),
    ],
)


@CASES
def test_a_whole_reply_cites_what_its_texts_do(extras: Extras, place: tuple[int, int]):
    reply = Reply(parts=(Text("Once "), Text("warm", extras)), stop=Stop(StopReason.STOP))

    message = json.loads(wire.write_reply(reply))["choices"][0]["message"]

    assert message["content"] == "Once warm"
    assert message["annotations"] == [cited(*place)]


@CASES
def test_a_stream_cites_at_its_end(extras: Extras, place: tuple[int, int]):
    told: list[StreamEvent] = [
        ResponseStart("r", "m", 1),
        PartStart(0, Text("Once ")),
        PartEnd(0),
        PartStart(1, Text("")),
        PartDelta(1, "wa"),
        PartDelta(1, "rm"),
        PartDelta(1, extras=extras),
        PartEnd(1),
        ResponseEnd(Stop(StopReason.STOP)),
    ]

    written = wire.stream_writer().write(told)

    assert read_stream(wire, [written]).reply.text == "Once warm"
    chunks = [json.loads(line[6:]) for line in written.splitlines() if line.startswith(b"data: {")]
    assert chunks[-1]["choices"][0]["delta"]["annotations"] == [cited(*place)]


@pytest.mark.parametrize(
    "told",
    ["no object", {}, {"type": "file_citation", "file_id": "f"}, {"type": "url_citation"}],
)
def test_what_is_no_address_is_not_cited(told: Json):
    text = Text("Once", extras_of("openai_responses", told))
    reply = Reply(parts=(text,), stop=Stop(StopReason.STOP))

    assert "annotations" not in json.loads(wire.write_reply(reply))["choices"][0]["message"]
