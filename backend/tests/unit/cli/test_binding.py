"""Taking an address: what works, and what is said of what does not."""

import errno
import os
import socket
from contextlib import ExitStack

import pytest

from dragoman.cli.binding import BindError, Place, _reason, listen, places, web_address

LOOPBACK = Place(socket.AF_INET, "127.0.0.1", ())
LOOPBACK_6 = Place(socket.AF_INET6, "::1", (0, 0))
ELSEWHERE = Place(socket.AF_INET, "192.0.2.7", ())  # RFC 5737: nobody has it


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_a_listening_socket_takes_connections_at_once():
    with ExitStack() as opened:
        (listener,) = [opened.enter_context(x) for x in listen("127.0.0.1", [LOOPBACK], 0)]
        with socket.create_connection(listener.getsockname(), timeout=5) as connection:
            assert connection.getpeername() == listener.getsockname()


def test_a_port_in_use_is_said_to_be_with_the_cure():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BindError) as caught:
            listen("127.0.0.1", [LOOPBACK], port)
    assert f"port {port} is in use by another program" in str(caught.value)
    assert "--port" in str(caught.value)


def test_a_port_that_was_in_use_a_moment_ago_can_be_taken_again():
    with ExitStack() as opened:
        (listener,) = [opened.enter_context(x) for x in listen("127.0.0.1", [LOOPBACK], 0)]
        port = listener.getsockname()[1]
        client = opened.enter_context(socket.create_connection(listener.getsockname(), timeout=5))
        listener.settimeout(5)
        server_side, _ = listener.accept()
        server_side.close()  # closed first by the server: its side waits in TIME_WAIT
        client.recv(1)
        client.close()
    (again,) = listen("127.0.0.1", [LOOPBACK], port)
    again.close()


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(BindError, match=r"192\.0\.2\.7 is not an address of this machine"):
        listen("192.0.2.7", [ELSEWHERE], 0)


def test_an_address_this_machine_lacks_is_passed_over_if_there_is_another():
    listeners = listen("twofold", [ELSEWHERE, LOOPBACK], 0)
    assert [listener.getsockname()[0] for listener in listeners] == ["127.0.0.1"]
    listeners[0].close()


@pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 here")
def test_two_addresses_share_the_port_that_the_system_chose():
    with ExitStack() as opened:
        found = [LOOPBACK, LOOPBACK_6]
        listeners = [opened.enter_context(x) for x in listen("localhost", found, 0)]
        ports = {listener.getsockname()[1] for listener in listeners}
        assert len(listeners) == 2
        assert len(ports) == 1


def test_nothing_stays_open_when_one_address_is_taken():
    with socket.create_server(("127.0.0.2", 0)) as other:
        port = other.getsockname()[1]
        found = [LOOPBACK, Place(socket.AF_INET, "127.0.0.2", ())]
        with pytest.raises(BindError):
            listen("localhost", found, port)
        (again,) = listen("127.0.0.1", [LOOPBACK], port)
        again.close()


def test_a_privileged_port_is_explained():
    # Not every machine has one for us: as root, or in a container, all ports are open.
    for number in (errno.EACCES, errno.EPERM):
        reason = _reason(OSError(number, os.strerror(number)), "127.0.0.1", 80)
        assert reason.startswith("port 80 is reserved for the system's own services")
        assert "from 1024 up" in reason


def test_any_other_reason_is_the_systems_own():
    reason = _reason(OSError(errno.ENOBUFS, "No buffer space available"), "127.0.0.1", 80)
    assert reason == "port 80 on 127.0.0.1 cannot be used (No buffer space available)"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70, "1.2.3.4.5"])
def test_an_unknown_host_is_refused_with_the_cure(host):
    with pytest.raises(BindError, match="there is no host") as caught:
        places(host)
    assert "--host" in str(caught.value)


@pytest.mark.parametrize(
    ("ip", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.7", False),
        ("::ffff:192.0.2.7", False),
        ("fe80::1%lo", False),
    ],
)
def test_loopback_is_told_from_what_others_can_reach(ip, loopback):
    assert Place(socket.AF_INET6, ip, ()).is_loopback is loopback


def test_names_are_looked_up():
    assert all(place.is_loopback for place in places("localhost"))
    assert [place.ip for place in places("0.0.0.0")] == ["0.0.0.0"]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_address_is_one_that_this_machine_can_open(host):
    (listener,) = listen(host, places(host), 0)
    with listener:
        assert web_address(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 here")
@pytest.mark.parametrize("host", ["::1", "::"])
def test_the_address_of_ipv6_stands_in_brackets(host):
    (listener,) = listen(host, places(host), 0)
    with listener:
        assert web_address(listener) == f"http://[::1]:{listener.getsockname()[1]}"
