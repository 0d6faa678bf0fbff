"""What holds for every test, wherever the run was started from."""

import os
import signal

import pytest

# Told by whichever process ran the tests, printed by the one that was started.
pytest_plugins = ["tests.integration.corpus.tally"]

_MOST_WORKERS = 8
"""Each takes ten seconds of a core to find the tests, and half a gigabyte."""


def pytest_configure() -> None:
    """Hear Ctrl-C, which a run in the background is told to ignore, and its children with it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Take two for each core (`-n auto`): half of a test's time is waiting."""
    return min(2 * (os.cpu_count() or 1), _MOST_WORKERS)
