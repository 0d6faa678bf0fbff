"""Asking vendors for their models, and comparing them with what is configured."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from dragoman.cli.configuration import Loader
from dragoman.cli.discovery import Offer, ask_all, is_offered, missing
from dragoman.cli.models import FEW, SAMPLE, suggested
from dragoman.config import ModelEntry
from dragoman.services.providers import HttpProvider, ProviderRegistry, Runtime
from dragoman.testing import Script, ScriptedUpstream, scripted_upstream
from dragoman.testing.upstream import whole
from dragoman.wire import anthropic_messages

KEY = "canary-0123456789abcdef"


def vendor(
    url: str, *, name: str = "acme", key: str | None = "ACME_KEY", known: tuple[str, ...] = ()
) -> HttpProvider:
    return HttpProvider(
        provider_id=name,
        name=name.title(),
        wire=anthropic_messages,
        base_url=url,
        api_key_env=key,
        default_models=tuple(ModelEntry(x, x.title(), "Known", name) for x in known),
    )


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream() as scripted:
        yield scripted


async def asked(folder, *providers: HttpProvider, wanted=None) -> tuple[Offer, ...]:
    load = Loader(environ={"ACME_KEY": KEY}, cwd=folder, registry=ProviderRegistry(providers))
    return await ask_all(load(), load, wanted=wanted)


async def test_every_enabled_vendor_tells_its_models_once_and_in_order(upstream, tmp_path):
    upstream.play(whole({"data": [{"id": "b"}, {"id": "a"}, {"id": "b"}]}))
    (offer,) = await asked(
        tmp_path, vendor(upstream.url), vendor(upstream.url, name="closed", key="NOT_SET")
    )
    assert offer == Offer("acme", "Acme", ("a", "b"))
    (request,) = upstream.received
    assert (request.method, request.path, request.body) == ("GET", "/models", b"")


async def test_only_those_who_are_wanted_are_asked(upstream, tmp_path):
    upstream.play(whole({"data": []}))
    both = vendor(upstream.url), vendor(upstream.url, name="other")
    (offer,) = await asked(tmp_path, *both, wanted={"other"})
    assert offer.provider == "other"


class Punctual(HttpProvider, frozen=True, kw_only=True):
    """A vendor that answers when all the others have been asked, too."""

    everybody: asyncio.Barrier

    async def list_models(self, runtime: Runtime) -> tuple[str, ...]:
        async with asyncio.timeout(20):
            await self.everybody.wait()
        return (self.provider_id,)


async def test_vendors_are_asked_at_the_same_time(tmp_path):
    everybody = asyncio.Barrier(6)
    vendors = [
        Punctual(
            provider_id=f"v{number}",
            name="V",
            wire=anthropic_messages,
            base_url="http://127.0.0.1:1",
            everybody=everybody,
        )
        for number in range(6)
    ]
    offers = await asked(tmp_path, *vendors)
    assert [offer.models for offer in offers] == [(f"v{number}",) for number in range(6)]


async def test_a_refused_key_is_explained_without_the_key(upstream, tmp_path):
    error = {"type": "error", "error": {"type": "authentication_error", "message": f"bad {KEY}"}}
    upstream.play(whole(error, status=401))
    (offer,) = await asked(tmp_path, vendor(upstream.url))
    assert "refused our key (401)" in (offer.problem or "")
    assert KEY not in (offer.problem or "")


@pytest.mark.parametrize("status", [404, 405])
async def test_a_vendor_without_a_list_is_no_problem(upstream, tmp_path, status):
    upstream.play(Script(status))
    (offer,) = await asked(tmp_path, vendor(upstream.url))
    assert offer.problem is None
    assert f"{upstream.url} has no list of models ({status})" in (offer.remark or "")


async def test_a_vendor_that_is_away_is_a_problem_only_if_somebody_set_it_up(tmp_path):
    async with scripted_upstream() as gone:
        url = gone.url
    with_key, without = await asked(tmp_path, vendor(url), vendor(url, name="own", key=None))
    assert "could not be reached" in (with_key.problem or "")
    assert (without.problem, without.remark) == (None, f"not running at {url}")


async def test_what_is_no_list_is_a_problem(upstream, tmp_path):
    upstream.play(Script(200, {"content-type": "text/html"}, (b"<html>",)))
    (offer,) = await asked(tmp_path, vendor(upstream.url))
    assert offer.problem is not None


@pytest.mark.parametrize(
    ("model", "listed", "known"),
    [
        ("gpt-x", "gpt-x", True),
        ("gpt-x", "gpt-x-2026-01-31", True),
        ("claude-y", "claude-y-20260131", True),
        ("gem", "models/gem", True),
        ("llama", "llama:latest", True),
        ("gpt-x", "gpt-x-mini", False),
        ("gpt-x", "gpt-x-mini-2026-01-31", False),
        ("gpt", "gpt-", False),
        ("gpt-x-2026-01-31", "gpt-x", False),
        ("GPT-X", "gpt-x", False),
    ],
)
def test_an_alias_of_a_listed_model_is_known_to_the_vendor(model, listed, known):
    assert is_offered(model, ["other", listed]) is known


def test_a_missing_model_comes_with_what_may_be_meant():
    offer = Offer("acme", "Acme", ("gpt-x-mini", "other"))
    assert missing("gpt-x-mni", offer) == (
        "Acme does not list 'gpt-x-mni' (did you mean 'gpt-x-mini'?)"
    )


def ids(*offers: Offer, known: tuple[str, ...] = ()) -> list[str]:
    registry = ProviderRegistry(vendor("http://127.0.0.1:1", name=x.provider) for x in offers)
    if known:
        registry = ProviderRegistry([vendor("http://127.0.0.1:1", known=known)])
    return [entry.id for entry in suggested(offers, registry)]


def test_a_short_list_is_suggested_whole_and_a_long_one_by_what_is_well_known():
    many = tuple(f"m{number:02}" for number in range(FEW + 1))
    assert ids(Offer("acme", "Acme", ("a", "b"))) == ["a", "b"]
    assert ids(Offer("acme", "Acme", many)) == list(many[:SAMPLE])
    assert ids(Offer("acme", "Acme", many), known=("m07", "gone")) == ["m07"]
    assert ids(Offer("acme", "Acme", ("a", "b")), known=("b",)) == ["b", "a"]


def test_two_vendors_with_the_same_model_get_ids_of_their_own():
    both = Offer("acme", "Acme", ("a",)), Offer("other", "Other", ("a", "b"))
    registry = ProviderRegistry(vendor("http://127.0.0.1:1", name=x.provider) for x in both)
    entries = suggested(both, registry)
    assert [(entry.id, entry.vendor_id) for entry in entries] == [
        ("a", "a"),
        ("other/a", "a"),
        ("b", "b"),
    ]
    assert [entry.default for entry in entries] == [True, False, False]


def test_what_could_not_stand_in_a_list_is_left_out():
    assert ids(Offer("acme", "Acme", ("a model", "b"))) == ["b"]
    assert ids(Offer("acme", "Acme", problem="refused")) == []
