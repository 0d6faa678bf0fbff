"""The provider of the embedded model: what it says of weights that it cannot use."""

import pytest
import structlog

from dragoman.services.providers import LocalProvider, State
from dragoman.services.providers.base import Engines, Runtime
from dragoman.services.providers.transport import Timeouts

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
