"""What vendors really were asked, held against the row that speaks for them."""

import json
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import pytest
from msgspec.structs import replace

from dragoman.services.providers import CATALOG, HttpProvider
from dragoman.services.providers.catalog import catalog_rows
from dragoman.wire.base import Wire

from .asides import ASIDES
from .cases import KNOWN_FAILURES, RECORDINGS
from .rows import ASKED, Asked, is_spoken, unspoken
from .wires import INVOKE, WIRES

PAGE: Final = Path(__file__).parents[4] / "docs" / "providers.md"

SPOKEN: Final = [one for one in ASKED if one.wire is not None and one.ours is not None]
REQUESTS: Final = [one for one in SPOKEN if one.body]
FROM_ROWS: Final = [one for one in REQUESTS if one.ours in CATALOG]

# Recorded elsewhere than where the row sends requests, and why that is no mistake of the row's.
ELSEWHERE: Final = {
    ("azure-openai", "openai_chat"): "the older API, with the deployment in the path",
    ("huggingface", "openai_chat"): "the older routes, with the provider in the path",
    ("ollama", "openai_chat"): "the vendor's cloud, and the same server by another name",
    ("bedrock-openai", "openai_responses"): "the older of its two endpoints",
}

# The endpoints that a wire, a route or an extra of ours speaks, in some vendor's bodies at least.
OUR_ENDPOINTS: Final = frozenset(
    {"chat.completions", "messages", "responses", "generateContent", "streamGenerateContent"}
    | {"converse", "converse-stream", "invoke", "invoke-stream", "count_tokens", "embeddings"}
)

# A feature that a row goes without, and what it does to the fields of a body.
RENAMED: Final = {"max_completion_tokens": "max_tokens"}


def cases(chosen: list[Asked]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("asked", chosen, ids=lambda one: one.name)


def provider_of(asked: Asked) -> HttpProvider:
    assert asked.ours is not None
    return asked.ours


def wire_of(asked: Asked) -> Wire:
    assert asked.wire is not None
    return WIRES[asked.wire]


@cases(SPOKEN)
def test_the_provider_can_be_asked_in_the_format_that_was_recorded(asked: Asked):
    wire = "anthropic_messages" if asked.wire == INVOKE else asked.wire
    assert wire in provider_of(asked).wires


@cases(FROM_ROWS)
def test_a_row_sends_requests_to_where_they_were_recorded(asked: Asked):
    if (asked.provider, asked.wire) in ELSEWHERE:
        pytest.skip(ELSEWHERE[asked.provider, asked.wire or ""])
    (row,) = [row for row in catalog_rows() if row.id == provider_of(asked).provider_id]
    # DeepSeek answers at either, and writes the shorter one down.
    recorded = asked.path.removeprefix("/v1") if row.id == "deepseek" else asked.path

    address = urlsplit((row.base_url or row.address) + wire_of(asked).path)

    assert recorded.partition("?")[0] == address.path
    assert row.address or asked.host == address.hostname


@cases([one for one in REQUESTS if one.provider in ("bedrock", "google-vertex")])
def test_a_cloud_is_asked_where_it_was_recorded(asked: Asked):
    """Where the region, or the project, the model and the mode stand in the address."""
    recorded = unquote(asked.path.partition("?")[0]).replace("/v1/", "/v1beta1/")
    project, location, model, streamed = placed(asked)
    environ = {
        "AWS_REGION": location,
        "GOOGLE_CLOUD_PROJECT": project,
        "GOOGLE_CLOUD_LOCATION": location,
    }
    wire = wire_of(asked)
    request = replace(wire.read_request(asked.body), model=model, stream=streamed)

    written = wire.write_request(request)

    address = urlsplit(provider_of(asked).get_config(environ).base_url + written.path)
    assert (address.hostname, unquote(address.path)) == (asked.host, recorded)


def placed(asked: Asked) -> tuple[str, str, str, bool]:
    """Give the project, the location, the model and the mode that an address names."""
    path = unquote(asked.path.partition("?")[0])
    if asked.provider == "bedrock":
        model, verb = path.removeprefix("/model/").rsplit("/", 1)
        return "", asked.host.split(".")[1], model, "stream" in verb
    *_, project, _, location, _, _, _, called = path.split("/")
    model, verb = called.split(":")
    return project, location, model, verb.startswith("stream")


@cases(REQUESTS)
def test_a_request_written_for_its_provider_keeps_what_the_row_does_not_go_without(asked: Asked):
    provider, wire = provider_of(asked), wire_of(asked)

    written = wire.write_request(wire.read_request(asked.body), without=provider.without)

    assert json.loads(written.body) == _expected(json.loads(asked.body), provider, wire)


def _expected(body: dict[str, Any], provider: HttpProvider, wire: Wire) -> dict[str, Any]:
    """Leave out what the row goes without; in a stream of Chat Completions, add what it cost."""
    if wire.name == "openai_chat":
        if body.get("stream"):
            body["stream_options"] = (body.get("stream_options") or {}) | {"include_usage": True}
        for feature, field in RENAMED.items():
            if feature in provider.without and feature in body:
                body[field] = body.pop(feature)
        if "developer_role" in provider.without:
            for message in body["messages"]:
                message["role"] = message["role"].replace("developer", "system")
    return {name: value for name, value in body.items() if name not in provider.without}


@cases([one for one in REQUESTS if one.status == 200])
def test_no_vendor_was_seen_to_take_what_its_row_goes_without(asked: Asked):
    own = {row.id: row.without for row in catalog_rows()}.get(provider_of(asked).provider_id, ())

    assert set(own).isdisjoint(json.loads(asked.body))


def test_what_nothing_of_ours_speaks_is_told_on_the_page_with_its_count_and_the_reason():
    page = PAGE.read_text("utf-8").partition("Nothing here speaks")[2]

    told = re.findall(r"^\| ([\w-]+) \| `(.+)` \| (\d+) \| (.+) \|$", page, re.MULTILINE)

    assert [(who, route, int(count)) for who, route, count, _ in told] == unspoken()
    assert all(len(reason.split()) > 3 for *_, reason in told)


def test_every_recording_is_spoken_or_told_as_one_that_is_not():
    assert len(RECORDINGS) + len(ASIDES) + sum(count for *_, count in unspoken()) == len(ASKED)


def test_at_least_97_percent_of_what_is_recorded_of_our_endpoints_pass():
    ours = [one for one in ASKED if one.endpoint in OUR_ENDPOINTS]

    left_out = [one for one in ours if not is_spoken(one)]
    assert len(left_out) + len(KNOWN_FAILURES) <= 0.03 * len(ours)
