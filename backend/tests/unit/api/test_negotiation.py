import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.api.negotiation import best_coding, wants_event_stream
from dragoman.chat import InvalidInput


@pytest.mark.parametrize(
    "accept",
    [
        "text/event-stream",
        "Text/Event-Stream; charset=utf-8",
        "text/event-stream, */*",
        "text/event-stream, application/json",
        "text/event-stream, application/json;q=0.9",
        "application/json;q=0.5, text/event-stream;q=0.6",
        "application/json;q=0, */*",
        "application/json; q=0.0, text/event-stream;q=0.001",
        "text/*",
        "text/*, application/json;q=0.5",
        "*/*;q=0.1, text/event-stream;q=0.2",
    ],
)
def test_an_event_stream_that_is_wanted_more_is_sent(accept: str):
    assert wants_event_stream(accept)


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "  ",
        "*/*",
        "*/*;q=0.1",
        "application/json",
        "application/*",
        "application/json, text/event-stream",
        "application/json, */*",
        "text/event-stream;q=0, */*",
        "text/event-stream;q=0, application/json",
        "text/event-stream;q=0.5, application/json",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "text/html, application/json",
        "text/*;q=0, */*",
        "application/*, text/*",
    ],
)
def test_json_is_sent_to_everybody_else(accept: str | None):
    assert not wants_event_stream(accept)


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/event-stream"])
def test_a_weight_that_goes_without_saying_changes_nothing(accept: str):
    assert wants_event_stream(accept) is wants_event_stream(f"{accept};q=1")


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "image/*, text/plain",
        "text/event-stream;q=0",
        "*/*;q=0",
        "application/json;q=0, text/event-stream;q=0.000",
        "text/event-stream;q=2",
        "application/json;q=x",
        "nonsense",
        ",",
        "text/event-streams",
    ],
)
def test_a_client_that_takes_neither_is_told_what_there_is(accept: str):
    with pytest.raises(InvalidInput) as caught:
        wants_event_stream(accept)

    assert (caught.value.status, caught.value.path) == (406, "accept")
    assert "application/json or text/event-stream" in caught.value.problem


@given(st.text() | st.text(alphabet="*/;=q.01, texapplicon-svrmj"))
def test_any_header_is_understood_or_not_acceptable(accept: str):
    try:
        assert wants_event_stream(accept) in {True, False}
    except InvalidInput as error:
        assert error.status == 406  # noqa: PT017 - most headers raise nothing


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP", "gzip"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("gzip;q=0.2, identity;q=0.8", "identity"),
        ("br;q=0, gzip", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("gzip;q=0.000", "identity"),
        ("identity;q=0", "identity"),
        ("zstd", "identity"),
        ("gzip;q=2", "identity"),
        (",;,gzip", "gzip"),
    ],
)
def test_the_coding_a_client_likes_best_is_chosen(accept_encoding: str | None, coding: str):
    assert best_coding(accept_encoding, ["br", "gzip", "identity"]) == coding


@given(st.text(max_size=60))
def test_any_header_at_all_gets_a_coding_that_is_there(accept_encoding: str):
    assert best_coding(accept_encoding, ["gzip"]) in {"gzip", "identity"}
