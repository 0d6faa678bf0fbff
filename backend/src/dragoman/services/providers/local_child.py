"""The process in which the embedded model runs: it serves HTTP until its parent is gone.

Run by `local_engine.LocalEngine` as a script, so it imports nothing of ours. The two talk in
lines of JSON:

    stdin   <-  {"model": …, "alias": …, "key": …, "threads": …, "context": …, "slots": …}
    stdout  ->  {"address": "http://127.0.0.1:40727"}        listening, the model is loaded
            ->  {"missing": "xllamacpp"} | {"refused": …}     it never will be; the process ends

The end of stdin is the end of the process: a parent killed outright closes it too.
"""

import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Final, NoReturn

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
WARNINGS: Final = 2  # llama.cpp's log levels: 1 errors, 2 warnings, 3 and up talk about every task


def main() -> None:
    """Read the order, load the model, report its address, serve until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the parent
    die_with_parent()
    report = reporter()
    order: dict[str, Any] = json.loads(sys.stdin.buffer.readline() or b"null") or leave()
    threading.Thread(target=leave_when_orphaned, daemon=True).start()
    server = start_server(order, report)
    report({"address": server.listening_address})
    threading.Event().wait()


def die_with_parent() -> None:
    """Ask Linux to kill this process with its parent, whatever this process is busy with.

    The end of stdin says the same on every system, but nobody can read it while the model is
    being loaded: the engine holds the interpreter's lock all that time.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def reporter() -> Callable[[dict[str, str]], None]:
    """Keep stdout for our own lines: the engine prints there as well, so it gets stderr instead."""
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def report(line: dict[str, str]) -> None:
        lines.write(json.dumps(line) + "\n")
        lines.flush()

    return report


def leave_when_orphaned() -> None:
    """Wait for the end of stdin, then end the process in the middle of whatever it does."""
    while sys.stdin.buffer.read(4096):
        pass
    leave()


def leave() -> NoReturn:
    """End at once: no reply is worth finishing, nobody is there to read it."""
    os._exit(0)


def start_server(order: dict[str, Any], report: Callable[[dict[str, str]], None]) -> Any:
    """Return the running server; it listens, and the model is loaded."""
    try:
        import xllamacpp  # noqa: PLC0415  # its library must load after the environment is known
    except ImportError:
        report({"missing": "xllamacpp"})
        sys.exit(1)
    settings = xllamacpp.CommonParams()
    settings.model.path = order["model"]
    settings.model_alias = {order["alias"]}  # or the weights' path stands in every reply
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0
    settings.api_keys = [order["key"]]
    settings.cors_origins = "http://127.0.0.1"  # no page of another origin has business here
    settings.cors_origins_explicit = True
    settings.ui = False
    settings.endpoint_slots = False  # it would show what others asked
    settings.offline = True
    settings.cpuparams.n_threads = order["threads"]
    settings.cpuparams_batch.n_threads = order["threads"]
    settings.n_gpu_layers = 0
    settings.n_ctx = order["context"]
    settings.n_parallel = order["slots"]
    settings.kv_unified = True  # one conversation may use the whole context if it is alone
    settings.cache_ram_mib = 0  # its default keeps up to 8 GiB of past prompts
    settings.verbosity = WARNINGS
    try:
        return xllamacpp.Server(settings)
    except RuntimeError as refusal:
        report({"refused": str(refusal)})
        sys.exit(1)


if __name__ == "__main__":
    main()
