"""What would be sent, shown without a secret."""

from dragoman.chat import Extras, Sampling
from dragoman.observability.secrets import MASK, Secret
from dragoman.services.providers import AnthropicProvider, Explains, Outgoing
from dragoman.services.providers.base import Shown
from dragoman.wire.anthropic_messages import DEFAULT_OUTPUT
from tests.unit.providers.asked import KEY, asking, world


async def test_a_request_is_shown_as_it_would_be_sent_and_nothing_is():
    provider = AnthropicProvider(headers={"X-Team": "secret-team-1"})
    request = asking(
        sampling=Sampling(seed=7),
        headers=Extras("anthropic_messages", {"anthropic-beta": "context-1m"}),
    )
    async with world(provider) as (server, candidate):
        model = candidate.provider.create_llm(candidate.model, candidate.runtime)
        assert isinstance(model, Explains)
        outgoing = model.outgoing(request)
        assert server.received == []
    assert outgoing.shown() == Shown(
        "POST",
        f"{server.url}/v1/messages",
        {
            "content-type": "application/json",
            "accept-encoding": "identity",
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "context-1m",
            "x-api-key": MASK,
            "x-team": MASK,
        },
        {
            "model": "vendor-model",
            "max_tokens": DEFAULT_OUTPUT,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Good day"}]}],
        },
    )
    assert [receipt.field for receipt in outgoing.receipts] == ["seed"]
    assert KEY not in repr(outgoing)
    assert "Good day" not in repr(outgoing)


OUTGOING = Outgoing(
    url=f"http://127.0.0.1/models?key={KEY}",
    headers={"x-new": KEY, "content-type": f"a {KEY}"},
    body=b"not json",
    plain=frozenset({"content-type"}),
    secrets=(Secret(KEY),),
)


def test_a_header_that_nobody_vouches_for_is_masked_and_a_key_in_the_address_too():
    shown = OUTGOING.shown()
    assert shown.headers == {"x-new": MASK, "content-type": f"a {MASK}"}
    assert (shown.url, shown.body) == (f"http://127.0.0.1/models?key={MASK}", "not json")
    assert KEY not in repr(OUTGOING)
