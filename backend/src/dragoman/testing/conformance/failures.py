"""Cases about what a provider makes of failures: each falls into its category, and shows no key."""

from typing import Final

from dragoman.chat import (
    ERROR_CLASSES,
    Category,
    LLMServiceError,
)
from dragoman.testing.conformance.bench import HASTY, JSON, KEY, Bench, Heard
from dragoman.testing.conformance.case import (
    Case,
    NotOffered,
    case,
    cases_in,
    require,
    require_equal,
)
from dragoman.testing.conformance.questions import GOOD_DAY
from dragoman.testing.conformance.streams import BROKEN
from dragoman.testing.upstream import Script, scripted_upstream

_PAGE: Final = b"<html><body><h1>no</h1></body></html>"
_HTML: Final = "text/html"


def failing(category: Category, status: int | None = None, words: str = "No.") -> LLMServiceError:
    """Make the error that a server tells of."""
    return ERROR_CLASSES[category](category, words, status=status)


def _statuses() -> tuple[Case[Bench], ...]:
    return tuple(
        _status(status, category)
        for status, category in (
            (401, Category.AUTHENTICATION),
            (402, Category.QUOTA_EXHAUSTED),
            (403, Category.PERMISSION),
            (404, Category.MODEL_NOT_FOUND),
            (408, Category.TIMEOUT),
            (413, Category.INVALID_REQUEST),
            (422, Category.INVALID_REQUEST),
            (429, Category.RATE_LIMIT),
            (500, Category.BAD_RESPONSE),
            (502, Category.BAD_RESPONSE),
            (503, Category.OVERLOADED),
            (529, Category.OVERLOADED),
        )
    )


def _status(status: int, category: Category) -> Case[Bench]:
    async def run(bench: Bench) -> None:
        scripts = [Script(status, {"content-type": _HTML}, (_PAGE,)), Script(status)]
        if (body := _body(bench, failing(category, status))) is not None:
            scripts.append(Script(status, {"content-type": JSON}, (body,)))
        for script in scripts:
            error = (await bench.ask(script)).failure
            require_equal(error.category, category, f"the category of a {status}")
            require("<h1>" not in str(error), "the page of a proxy is told to people")

    word = str(category)
    return Case(
        f"error.{status}.is_{word}",
        f"A {status} falls under {word}, whether it comes with JSON, a page or nothing.",
        run,
    )


def _body(bench: Bench, error: LLMServiceError) -> bytes | None:
    try:
        return bench.voice.failure(error)
    except NotOffered:
        return None


@case("error.400.context_is_too_long")
async def too_long(bench: Bench) -> None:
    """A conversation that is too long is told from other bad requests."""
    body = bench.voice.failure(failing(Category.CONTEXT_TOO_LONG, 400))
    heard = await bench.ask(Script(400, {"content-type": JSON}, (body,)))
    require_equal(heard.failure.category, Category.CONTEXT_TOO_LONG, "the category")


@case("error.400.is_invalid_request")
async def bad_request(bench: Bench) -> None:
    """A 400 is a bad request."""
    body = _body(bench, failing(Category.INVALID_REQUEST, 400)) or b"{}"
    heard = await bench.ask(Script(400, {"content-type": JSON}, (body,)))
    require_equal(heard.failure.category, Category.INVALID_REQUEST, "the category")


@case("error.429.keeps_retry_after")
async def retry_after(bench: Bench) -> None:
    """How long to wait is kept, whatever the body says."""
    for body in (b"{}", *NONSENSE):
        heard = await bench.ask(Script(429, {"retry-after": "7"}, (body,)))
        seen = heard.failure.category, heard.failure.retry_after
        require_equal(seen, (Category.RATE_LIMIT, 7.0), "category and seconds")


@case("error.quota.is_quota_exhausted")
async def quota(bench: Bench) -> None:
    """An account that is used up is told from a limit that passes."""
    body = bench.voice.failure(failing(Category.QUOTA_EXHAUSTED, 429))
    heard = await bench.ask(Script(429, {"content-type": JSON}, (body,)))
    require_equal(heard.failure.category, Category.QUOTA_EXHAUSTED, "the category")
    require(not heard.failure.retryable, "it is called worth a second try, which does not help")


@case("error.in_band.is_told")
async def in_band(bench: Bench) -> None:
    """An error inside a stream is an error, of its own category."""
    said = bench.voice.breaking_off(GOOD_DAY, failing(Category.OVERLOADED))
    heard = await bench.ask(bench.stream_of(said.pieces), stream=True)
    require_equal(heard.failure.category, Category.OVERLOADED, "the category")


@case("error.html_with_200_is_bad_response")
async def page(bench: Bench) -> None:
    """A page of HTML is no answer, whatever its status."""
    for stream in (False, True):
        heard = await bench.ask(Script(200, {"content-type": _HTML}, (_PAGE,)), stream=stream)
        require_equal(heard.failure.category, Category.BAD_RESPONSE, "the category")


NONSENSE: Final = (
    b"",
    b"[]",
    b"null",
    b'{"a": {"b": [1, "c"]}}',
    b"\x00\xff{]",
    b"<html>no</html>",
)
"""What no vendor should say."""


@case("error.nonsense_is_the_vendors_fault")
async def nonsense(bench: Bench) -> None:
    """Nothing, broken JSON and anything else that is no answer is the vendor's fault."""
    for words in NONSENSE:
        whole = await bench.ask(Script(200, {"content-type": JSON}, (words,)))
        streamed = await bench.ask(bench.stream_of([words + b"\n\n"]), stream=True)
        for heard in (whole, streamed):
            seen = heard.failure.category
            require(seen in BROKEN, f"{words!r}: saw {seen}, expected bad_response")


@case("error.redirect_is_not_followed")
async def redirect(bench: Bench) -> None:
    """A redirect is an error: the key goes nowhere but to its own provider."""
    async with scripted_upstream() as elsewhere:
        heard = await bench.ask(Script(307, {"location": f"{elsewhere.url}/there"}))
        require(not elsewhere.received, "the request went on to another server, with the key")
        require_equal(heard.failure.category, Category.BAD_RESPONSE, "the category")


@case("error.timeout.first_byte")
async def silence(bench: Bench) -> None:
    """Silence runs into a timeout."""
    heard = await bench.ask(Script(before=30), timeouts=HASTY)
    require_equal(heard.failure.category, Category.TIMEOUT, "the category of silence")


@case("error.nobody_listens.is_connection")
async def nobody(bench: Bench) -> None:
    """A server that is not there is out of reach."""
    async with scripted_upstream() as upstream:
        pass
    heard = await bench.ask_at(upstream)
    require_equal(heard.failure.category, Category.CONNECTION, "the category")
    _hides_key(heard, "a server that is not there")


@case("key.is_in_no_error")
async def key_hidden(bench: Bench) -> None:
    """A vendor that repeats the key in its error, as some do, does not bring it to anybody."""
    if bench.provider.get_config({}).api_key_env is None:
        raise NotOffered("it needs no key")
    words = f"Incorrect API key provided: {KEY}."
    json = b'{"error": {"message": "%b", "code": "%b"}}' % (words.encode(), KEY.encode())
    bodies = [json, words.encode(), _body(bench, failing(Category.AUTHENTICATION, 401, words))]
    for body in filter(None, bodies):
        headers = {"content-type": JSON, "x-request-id": f"req-{KEY}"}
        for status in (401, 400, 500):
            _hides_key(await bench.ask(Script(status, headers, (body,))), f"a {status}")


def _hides_key(heard: Heard, of: str) -> None:
    error = heard.failure
    require(KEY not in f"{error} {error!r} {vars(error)}", f"the error for {of} shows the key")


@case("error.names_provider_and_model")
async def named(bench: Bench) -> None:
    """An error tells which provider failed, and for which model of ours."""
    error = (await bench.ask(Script(500))).failure
    seen = error.provider, error.model
    require_equal(seen, (bench.provider.provider_id, bench.model.id), "provider and model")


CASES: Final[tuple[Case[Bench], ...]] = (*_statuses(), *cases_in(globals(), Case))
