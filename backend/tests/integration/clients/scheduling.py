"""Which process runs which cells, where several run side by side."""

from typing import Final

from xdist.scheduler import LoadScopeScheduling

from .environments import CLIENTS

_LONGEST_FIRST: Final = sorted(CLIENTS, key=len, reverse=True)
"""Some names are the beginning or the end of another."""


class ByClient(LoadScopeScheduling):
    """Keeps the cells of a client together, for otherwise every process would start every client.

    pytest-xdist's own groups (`--dist loadgroup`) are names in an item's id, which pytest 9.2 does
    not let it change: they have no effect.
    """

    def _split_scope(self, nodeid: str) -> str:
        return client_of(nodeid) or nodeid


def client_of(nodeid: str) -> str | None:
    """Name the client whose program a test asks; `None` if it runs one of its own, or none.

    >>> client_of("test_cells.py::test_an_answer_is_streamed[gpt-openai-python-2-chat]")
    'openai-python-2'
    """
    parameters = nodeid.partition("[")[2].removesuffix("]")
    if parameters in CLIENTS:
        return parameters
    named = (
        name for name in _LONGEST_FIRST if f"{name}-" in parameters or f"{name} " in parameters
    )
    return next(named, None)
