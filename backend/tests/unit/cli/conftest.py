"""A finger on Ctrl-C, and a person who types commands in a folder of their own."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from dragoman.cli import main


@pytest.fixture
def ctrl_c_when() -> Iterator[Callable[[Callable[[], bool]], None]]:
    """Press Ctrl-C once, as soon as something is so."""
    fingers: list[threading.Thread] = []

    def press_when(is_so: Callable[[], bool]) -> None:
        def wait() -> None:
            until = time.monotonic() + 20
            while not is_so() and time.monotonic() < until:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        fingers.append(threading.Thread(target=wait))
        fingers[-1].start()

    yield press_when
    for finger in fingers:
        finger.join(20)


# Whatever runs on this machine has no part in the tests: nobody listens here.
AWAY = {
    f"{name}_BASE_URL": "http://127.0.0.1:9/v1"
    for name in ("OLLAMA", "LMSTUDIO", "LLAMACPP", "VLLM")
}


@pytest.fixture
def typed(tmp_path, monkeypatch) -> Callable[..., Result]:
    """Type a command in an empty folder, with these variables and no others."""
    monkeypatch.chdir(tmp_path)

    def typed(*arguments: str, **environ: str) -> Result:
        nothing = dict.fromkeys(os.environ)
        own = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **AWAY, **environ}
        return CliRunner(env={**nothing, **own}).invoke(main, arguments)

    return typed
