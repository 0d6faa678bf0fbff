"""What holds for every test, wherever the run was started from."""

import signal


def pytest_configure() -> None:
    """Hear Ctrl-C, which a run in the background is told to ignore, and its children with it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
