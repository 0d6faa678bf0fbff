"""A server at an address is held to its format: a good one passes, a broken one fails by name."""

import pytest
from msgspec.structs import replace

from dragoman.services.providers import FAMILIES
from dragoman.testing import scripted_upstream
from dragoman.testing.conformance.endpoint import MOST_REQUESTS, Endpoint
from dragoman.testing.conformance.report import Column
from dragoman.testing.conformance.suite import examine_live
from tests.support.servers import KEY, MODEL, Server


async def found(server: Server, key: str = KEY) -> tuple[Column, Endpoint]:
    async with scripted_upstream() as upstream:
        upstream.play(server)
        family = FAMILIES["openai"]
        provider = replace(
            family,
            provider_id="endpoint",
            base_url=upstream.url,
            other_wires=(),
            api_key_env="THE_KEY",
        )
        endpoint = Endpoint(provider, {"THE_KEY": key}, MODEL)
        return await examine_live(endpoint, heard=lambda _: None), endpoint


def named(column: Column, verdict: str) -> set[str]:
    return {outcome.name for outcome in column.outcomes if outcome.verdict == verdict}


async def test_a_good_server_passes_in_few_small_requests():
    server = Server()
    column, endpoint = await found(server)

    assert [o for o in column.outcomes if o.verdict != "pass"] == []
    assert len(server.prompts) < endpoint.recorder.sent <= MOST_REQUESTS
    assert all((prompt.limits.output or 9999) <= 1024 for prompt in server.prompts)


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        ("end", {"stream.has_the_form"}),
        ("errors", {"error.has_the_form"}),
        ("form", {"plain.has_the_form"}),
        ("images", {"images.are_read"}),
        ("key", {"key.wrong_is_refused"}),
        ("limit", {"stop.length_is_kept"}),
        ("model", {"model.unknown_is_refused"}),
        ("schema", {"schema.is_kept"}),
        ("system", {"system.is_read"}),
        ("tools", {"tools.call_comes_streamed", "tools.call_comes_whole"}),
        ("usage", {"plain.has_the_form", "usage.is_told_whole"}),
    ],
)
async def test_a_broken_server_fails_by_the_name_of_what_is_broken(fault, names):
    column, _ = await found(Server(frozenset({fault})))

    assert named(column, "fail") == names


async def test_nothing_more_is_asked_of_a_server_that_does_not_answer():
    column, endpoint = await found(Server(), key="another-key-0a9d")

    assert "plain.is_answered" in named(column, "fail")
    assert named(column, "pass") == set()
    assert endpoint.recorder.sent == 2
    assert "another-key-0a9d" not in str(column)


async def test_no_more_is_asked_than_was_promised():
    async with scripted_upstream() as upstream:
        upstream.play(Server())
        provider = replace(FAMILIES["openai"], base_url=upstream.url, api_key_env="THE_KEY")
        endpoint = Endpoint(provider, {"THE_KEY": KEY}, MODEL)
        endpoint.recorder.sent = MOST_REQUESTS - 3
        column = await examine_live(endpoint, heard=lambda _: None)
    assert endpoint.recorder.sent == MOST_REQUESTS == len(upstream.received) + MOST_REQUESTS - 3
    assert named(column, "fail") == set()
    assert "not tried, as 25 requests were sent already" in str(column)
