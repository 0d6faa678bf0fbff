from collections.abc import Iterator

import pytest

from tests.support.raw_http import LOOPS, Running, serving, until


@pytest.fixture(scope="module", params=LOOPS)
def shared(request: pytest.FixtureRequest) -> Iterator[Running]:
    with serving(request.param) as running:
        yield running


@pytest.fixture
def dragoman(shared: Running) -> Iterator[Running]:
    """The server; whatever a test does to it, it serves the next one."""
    shared.application.reached.clear()
    shared.application.left.clear()
    yield shared
    assert shared.is_well()
    for peer in shared.peers:
        peer.socket.close()
    shared.peers.clear()
    until(lambda: shared.connections() == 0)
