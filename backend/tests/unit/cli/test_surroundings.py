"""Proxies, clocks and certificates: what is found, and what is said about it."""

import ssl

import pytest

from dragoman.cli.surroundings import Finding, clock_finding, proxy_findings, tls_cure


def told(environ: dict[str, str], *, trusted: bool) -> list[Finding]:
    return list(proxy_findings(environ, trusted=trusted))


def test_without_a_proxy_there_is_nothing_to_say():
    assert told({"HTTPS_PROXY": " ", "PATH": "/bin"}, trusted=False) == []
    assert told({}, trusted=True) == []


def test_a_proxy_that_is_not_trusted_is_told_of_with_the_setting():
    (found,) = told({"https_proxy": "http://p:1", "HTTP_PROXY": "http://p:1"}, trusted=False)
    assert found.text.startswith("HTTP_PROXY and https_proxy name a proxy, which is not used")
    assert "DRAGOMAN_TRUST_PROXIES=true" in found.text
    assert not found.serious


def test_a_proxy_that_is_trusted_and_sound_needs_no_word():
    assert told({"HTTPS_PROXY": "http://user:secret@proxy.example:3128"}, trusted=True) == []


@pytest.mark.parametrize(
    ("value", "cure"),
    [
        ("proxy.example:3128", "write it as http://host:3128"),
        ("http://", "write it as http://host:3128"),
        ("http://[::1", "write it as http://host:3128"),
        ("socks5://user:secret@proxy.example:1080", "name an HTTP proxy"),
    ],
)
def test_a_trusted_proxy_that_cannot_work_is_a_problem_that_shows_no_password(value, cure):
    (found,) = told({"HTTPS_PROXY": value}, trusted=True)
    assert found.text.startswith("HTTPS_PROXY: ")
    assert cure in found.text
    assert "secret" not in found.text
    assert found.serious


@pytest.mark.parametrize("skews", [[], [0.0], [-299.0], [4000.0, 12.0]])
def test_a_clock_that_is_right_by_one_provider_at_least_is_right(skews):
    assert clock_finding(skews) is None


@pytest.mark.parametrize(
    ("skews", "words"),
    [([3600.0, 3700.0], "60 minutes ahead of"), ([-600.0], "10 minutes behind")],
)
def test_a_clock_that_is_wrong_is_told_with_how_much_and_which_way(skews, words):
    found = clock_finding(skews)
    assert found is not None
    assert words in found.text
    assert found.serious


def chained(error: BaseException) -> BaseException:
    outer = RuntimeError("host: tls error")
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("certificate verify failed: certificate has expired", "clock"),
        (
            "certificate verify failed: self-signed certificate in certificate chain",
            "SSL_CERT_FILE",
        ),
        ("certificate verify failed: unable to get local issuer certificate", "SSL_CERT_FILE"),
        (
            "certificate verify failed: Hostname mismatch, certificate is not valid",
            "correct the host",
        ),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "begin the base URL with http://"),
    ],
)
def test_a_failed_certificate_is_told_with_what_helps(words, cure):
    assert cure in (tls_cure(chained(ssl.SSLError(1, words))) or "")


def test_what_openssl_says_otherwise_has_no_cure_of_its_own():
    assert tls_cure(chained(ssl.SSLError(1, "handshake failure"))) is None
    assert tls_cure(ConnectionError("refused")) is None
