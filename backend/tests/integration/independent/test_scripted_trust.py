"""Where a key may go: rows U47 to U50, the addresses and certificates that lead elsewhere."""

import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from dragoman.testing import Script, scripted_upstream
from dragoman.testing.upstream import whole

from .asking import KEYS
from .certificates import found, server_context
from .conftest import environ_for, running_dragoman, scaled_command, watched
from .vendors import ANTHROPIC, BOTH_MODES, BOTH_VENDORS, OPENAI

BOTH = (OPENAI, ANTHROPIC)


@BOTH_VENDORS
@BOTH_MODES
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_u47_a_redirect_is_not_followed_and_takes_no_key_along(
    asker, upstream, vendor, mode, status
):
    async with scripted_upstream() as trap:
        upstream.play(Script(status, {"location": f"{trap.url}/v1/chat/completions"}))
        answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "LLM_ERROR", "upstream_redirect")
    assert (len(upstream.received), trap.received) == (1, [])
    assert str(trap.port) not in answer.body


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificates, is not installed")
    return found(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def secure_listener():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture(scope="module")
def secure_dragoman(authority, secure_listener, tmp_path_factory):
    """A Dragoman that trusts the authority, both vendors behind TLS."""
    url = f"https://127.0.0.1:{secure_listener.getsockname()[1]}"
    environ = environ_for(f"{url}/v1", url) | {"SSL_CERT_FILE": str(authority.certificate)}
    folder = tmp_path_factory.mktemp("secure")
    with running_dragoman(scaled_command(), environ=environ, folder=folder) as program:
        yield program


async def test_u48_a_certificate_that_is_in_order_is_trusted(
    authority, secure_dragoman, secure_listener
):
    context = server_context(authority.vouch("sound"))
    async with (
        scripted_upstream(secure_listener, tls=context) as peer,
        watched(secure_dragoman) as asker,
    ):
        for vendor in BOTH:
            peer.play(whole(vendor.whole("Good day")))
            assert (await asker.ask(vendor.model, "whole")).text == "Good day"
    assert KEYS["OPENAI_API_KEY"] in peer.received[0].headers["authorization"]


FAULTS = {
    "expired": {"days": -1},
    "for another host": {"serves": "DNS:api.example.com,IP:127.0.0.2"},
    "its own word": {"own": True},
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_u48_a_certificate_that_is_not_gets_no_key(
    authority, secure_dragoman, secure_listener, fault
):
    context = server_context(authority.vouch("unsound", **FAULTS[fault]))
    await check_refused(secure_dragoman, secure_listener, context)


async def test_u48_tls_of_another_age_gets_no_key(authority, secure_dragoman, secure_listener):
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context = server_context(authority.vouch("old"), newest=ssl.TLSVersion.TLSv1)
    with refusing(secure_listener, context) as refusals:
        await check_told(secure_dragoman, "tls_error")
    assert len(refusals) == 4
    assert all("UNSUPPORTED_PROTOCOL" in refusal for refusal in refusals)


@contextmanager
def refusing(listener: socket.socket, context: ssl.SSLContext) -> Iterator[list[str]]:
    """Shake hands as servers do; asyncio's would hang up without a word of why."""
    refusals: list[str] = []
    listener.settimeout(0.1)
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError as error:
                    refusals.append(str(error))
                finally:
                    connection.close()

    server = threading.Thread(target=serve)
    server.start()
    try:
        yield refusals
    finally:
        done.set()
        server.join()


async def check_refused(secure_dragoman, secure_listener, context) -> None:
    async with scripted_upstream(secure_listener, tls=context) as peer:
        await check_told(secure_dragoman, "tls_error")
    assert peer.received == []


async def check_told(dragoman, reason) -> None:
    """See that both vendors' models, whole and streamed, cannot be reached for this reason."""
    async with watched(dragoman) as asker:
        for vendor in BOTH:
            for mode in ("whole", "streamed"):
                answer = await asker.ask(vendor.model, mode)
                assert answer.outcome == (503, "CONNECTION_ERROR", reason)
                assert answer.last["detail"]["retryable"] is (reason != "tls_error")


ADDRESSES = {
    "dns_error": "http://no-such-host.invalid",
    "connect_error": "http://127.0.0.1:{closed}",
}


@pytest.mark.parametrize("reason", ADDRESSES)
async def test_u49_u50_an_address_where_nobody_answers_has_its_reason(tmp_path, reason):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    url = ADDRESSES[reason].format(closed=closed)
    environ = environ_for(f"{url}/v1", url)
    with running_dragoman(scaled_command(), environ=environ, folder=tmp_path) as program:
        await check_told(program, reason)
