"""The systems under test: how each is started, found, and asked."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import msgspec
from msgspec import Struct

from bench.processes import has_ended, listener_on, pinned, processors, tree
from bench.questions import Wire
from bench.works import WORKS, Work

ROOT: Final = Path(__file__).resolve().parents[1]
PREFIX: Final = "anthropic-"
"""What stands before a model's name where the gateway is to ask the upstream as Anthropic."""

NO_NGINX: Final = (
    "nginx was not found: Dragoman is measured alone, without ratios. Install it (Debian, Ubuntu: "
    "apt install nginx-light; Fedora: dnf install nginx), or name one: NGINX=/path/to/nginx"
)
_KEY: Final = "sk-no-key-is-asked-for"
_READY: Final = 30.0


class BenchError(Exception):
    """Something stands in the way of measuring; the message says what to do."""


class Kind(Enum):
    """What a system does with a request."""

    RELAY = auto()
    """Passes the bytes on as they are, so it is asked in the upstream's wire."""
    GATEWAY = auto()
    """Understands them."""


class System(Struct, frozen=True):
    """A running system; without a `pid`, nothing of its cost can be told."""

    name: str
    kind: Kind
    port: int
    pid: int | None
    headers: tuple[tuple[str, str], ...] = ()
    is_dragoman: bool = False

    def asked_in(self, work: Work) -> tuple[Wire, str]:
        """Give the wire and the model's name with which this system is asked for a work."""
        if self.kind is Kind.RELAY:
            return work.upstream, work.model
        prefix = PREFIX if work.upstream is Wire.MESSAGES else ""
        return work.client, f"{prefix}{work.model}"


def free_port() -> int:
    """Give a port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Place(Struct, frozen=True):
    """Where systems are started: a folder for their files, and whom they ask."""

    folder: Path
    upstream_port: int

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables of every system: nothing of this shell's but the path."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
        }

    def log(self, name: str) -> Path:
        """Name the file with what a system said."""
        return self.folder / f"{name}.log"


@contextmanager
def running(
    command: Sequence[str], place: Place, name: str, *, environ: Mapping[str, str], cpu: int | None
) -> Iterator[int]:
    """Run a program for a while, on one processor, and give its id; at the end it is ended."""
    place.folder.joinpath(name).mkdir(parents=True, exist_ok=True)
    with place.log(name).open("ab") as log, pinned(cpu):
        try:
            process = subprocess.Popen(  # noqa: S603 - what the caller names is what is to be run
                command,
                cwd=place.folder / name,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        except OSError as error:
            raise BenchError(f"{command[0]} could not be started: {error}") from error
    try:
        yield process.pid
    finally:
        family = list(tree(process.pid))
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for child in family[1:]:
            with suppress(OSError):
                os.kill(child, 9)


def wait_for(port: int, path: str, *, pid: int, log: Path) -> None:
    """Wait until a server answers at all. Raises `BenchError` with its log if it does not."""
    opener = build_opener(ProxyHandler({}))
    limit = time.monotonic() + _READY
    while time.monotonic() < limit:
        try:
            with opener.open(f"http://127.0.0.1:{port}{path}", timeout=2):
                return
        except URLError as error:
            if getattr(error, "code", None) is not None:
                return
        except OSError:
            pass
        if has_ended(pid):
            break
        time.sleep(0.005)
    said = log.read_text(errors="replace")[-800:]
    raise BenchError(f"a server did not start; {log} ends with:\n{said}")


@contextmanager
def mock_upstream(folder: Path, *, port: int = 0) -> Iterator[Place]:
    """Run the mock upstream, beside the load generator."""
    place = Place(folder, port or free_port())
    cpus = processors()
    command = [sys.executable, "-m", "bench.mock", "--port", str(place.upstream_port)]
    cpu = cpus[1] if cpus else None
    with running(command, place, "mock", environ=place.environ, cpu=cpu) as pid:
        wait_for(place.upstream_port, "/", pid=pid, log=place.log("mock"))
        yield place


def direct(place: Place) -> System:
    """Give the upstream itself: what there is without anything between."""
    return System("direct", Kind.RELAY, place.upstream_port, None)


_NGINX: Final = """\
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 10000000; keepalive_timeout 600s;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream mock {{
    server 127.0.0.1:{upstream}; keepalive 1024;
    keepalive_requests 10000000; keepalive_timeout 600s;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 600s;
    }}
  }}
}}
"""


def find_nginx(environ: Mapping[str, str]) -> str | None:
    """Find nginx: what `NGINX` names, or else where one is usually found."""
    named = environ.get("NGINX")
    return shutil.which(
        named or "nginx", path=f"{environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    )


@contextmanager
def nginx(program: str, place: Place) -> Iterator[System]:
    """Run nginx as a plain reverse proxy, one worker."""
    folder = place.folder / "nginx"
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    settings = folder / "nginx.conf"
    settings.write_text(_NGINX.format(folder=folder, upstream=place.upstream_port, port=port))
    command = [program, "-p", str(folder), "-c", str(settings)]
    cpus = processors()
    cpu = cpus[0] if cpus else None
    with running(command, place, "nginx", environ=place.environ, cpu=cpu) as pid:
        wait_for(port, "/", pid=pid, log=place.log("nginx"))
        yield System("nginx", Kind.RELAY, port, pid)


_OTHER_MODELS: Final = {"bench-10-0", "bench-2-600000"}  # of soak and idle


def environment_of_dragoman(place: Place, folder: Path) -> Mapping[str, str]:
    """Give the variables that make Dragoman ask the mock upstream, in either vendor's wire."""
    names = sorted({work.model for work in WORKS} | _OTHER_MODELS)
    models = [
        {
            "id": f"{prefix}{name}",
            "upstream_id": name,
            "name": name,
            "description": "a model of the mock upstream",
            "provider": provider,
            "default": prefix == "" and name == names[0],
        }
        for name in names
        for prefix, provider in (("", "openai"), (PREFIX, "anthropic"))
    ]
    upstream = f"http://127.0.0.1:{place.upstream_port}"
    return {
        **place.environ,
        "MODELS": msgspec.json.encode(models).decode(),
        "OPENAI_API_KEY": _KEY,
        "OPENAI_BASE_URL": f"{upstream}/v1",
        "ANTHROPIC_API_KEY": _KEY,
        "ANTHROPIC_BASE_URL": upstream,
        "DRAGOMAN_DATA_DIR": str(folder / "data"),
        "LOG_LEVEL": "warning",
    }


@contextmanager
def dragoman(command: Sequence[str], place: Place, *, name: str = "dragoman") -> Iterator[System]:
    """Run Dragoman by a command that takes `--port`."""
    folder = place.folder / name
    port = free_port()
    cpus = processors()
    cpu = cpus[0] if cpus else None
    asked = [*command, "--port", str(port)]
    environ = environment_of_dragoman(place, folder)
    with running(asked, place, name, environ=environ, cpu=cpu) as pid:
        wait_for(port, "/health", pid=pid, log=place.log(name))
        yield System(name, Kind.GATEWAY, port, pid, is_dragoman=True)


def peer(name: str, url: str, environ: Mapping[str, str]) -> System:
    """Find a gateway that listens already and asks the mock upstream by itself."""
    port = urlsplit(url).port
    if port is None or urlsplit(url).hostname not in {"127.0.0.1", "localhost"}:
        raise BenchError(f"peer {name}: {url!r} is no http://127.0.0.1:PORT")
    key = environ.get("BENCH_PEER_KEY")
    headers = (("authorization", f"Bearer {key}"), ("x-api-key", key)) if key else ()
    return System(name, Kind.GATEWAY, port, listener_on(port), headers)


@contextmanager
def started(
    place: Place,
    *,
    command: Sequence[str],
    beside: Mapping[str, Sequence[str]],
    peers: Mapping[str, str],
    environ: Mapping[str, str],
) -> Iterator[list[System]]:
    """Start everything that is to be compared: the upstream itself, nginx, Dragoman, the others."""
    with ExitStack() as stack:
        systems = [direct(place)]
        program = find_nginx(environ)
        if program is not None:
            systems.append(stack.enter_context(nginx(program, place)))
        systems.append(stack.enter_context(dragoman(command, place)))
        for name, other in beside.items():
            systems.append(stack.enter_context(dragoman(other, place, name=name)))
        systems.extend(peer(name, url, environ) for name, url in peers.items())
        yield systems
