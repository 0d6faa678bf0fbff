"""The provider of the embedded model: what it says of weights that it cannot use."""

import pytest
import structlog

from dragoman.chat import UpstreamError
from dragoman.observability.secrets import MASK
from dragoman.services.providers import LocalProvider, State
from dragoman.services.providers.base import Engines, Runtime
from dragoman.services.providers.local import TOY, engine_of
from dragoman.services.providers.transport import Timeouts
from tests.unit.providers.asked import asking

needs_engine = pytest.mark.skipif(
    LocalProvider().problem({}) is not None, reason=f"{LocalProvider().problem({})}"
)


@needs_engine
async def test_weights_that_cannot_be_loaded_are_told_when_the_server_starts(tmp_path):
    page = tmp_path / "small.gguf"
    page.write_text("<html>404</html>")
    runtime = Runtime({"DRAGOMAN_LOCAL_MODEL": str(page)}, None, Timeouts(), Engines())

    with structlog.testing.capture_logs() as lines:
        await LocalProvider().start(runtime)

    status = LocalProvider().get_status(runtime)
    assert status.state is State.FAILED
    assert f"names {page}, which is not a GGUF file" in status.reason
    (line,) = lines
    assert (line["event"], line["reason"]) == ("local_model_not_started", status.reason)


async def test_while_the_engine_is_not_ready_nothing_can_be_shown():
    runtime = Runtime({}, None, Timeouts(), Engines())
    with pytest.raises(UpstreamError, match="local model"):
        LocalProvider().create_llm(TOY, runtime).outgoing(asking())


@needs_engine
async def test_a_running_engine_is_shown_what_it_would_be_asked_without_its_key():
    runtime = Runtime({}, None, Timeouts(), Engines())
    engine = engine_of(runtime)
    try:
        await engine.ensure_ready()
        key, outgoing = engine.key, LocalProvider().create_llm(TOY, runtime).outgoing(asking())
    finally:
        await runtime.engines.close()
    shown = outgoing.shown()
    assert shown.url.endswith("/v1/chat/completions")
    assert shown.headers["authorization"] == MASK
    assert [turn["role"] for turn in shown.body["messages"]] == ["system", "user"]
    assert key not in f"{shown} {outgoing!r}"
