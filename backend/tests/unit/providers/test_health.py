"""How providers do: what is remembered of whom, for how long, and what is told without asking."""

import pytest
from msgspec.structs import replace

from dragoman.chat import ERROR_CLASSES, Category
from dragoman.services.providers import (
    Engines,
    Health,
    OpenAIProvider,
    ProviderStatus,
    Runtime,
    State,
    health_of,
    status_of,
)
from dragoman.services.providers.transport import Timeouts

ENVIRON = {"OPENAI_API_KEY": "openai-key-1"}
CONFIG = OpenAIProvider().get_config(ENVIRON)


class Clock:
    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


def failed(category: Category, **facts: object):
    return ERROR_CLASSES[category](category, "no", **facts)


def world(**environ: str) -> Runtime:
    return Runtime(ENVIRON | environ, None, Timeouts(), Engines())


def test_of_whom_nothing_was_heard_nothing_is_said():
    assert Health().status(CONFIG) is None
    assert status_of(OpenAIProvider(), world()) == ProviderStatus(State.READY)


@pytest.mark.parametrize(
    ("category", "state"),
    [
        (Category.AUTHENTICATION, State.REFUSED),
        (Category.CONNECTION, State.UNREACHABLE),
        (Category.RATE_LIMIT, State.LIMITED),
        (Category.QUOTA_EXHAUSTED, State.LIMITED),
    ],
)
def test_an_error_of_the_whole_provider_is_remembered_with_its_words_and_time(category, state):
    health = Health(Clock())
    health.failed(CONFIG, failed(category, status=500))
    assert health.status(CONFIG) == ProviderStatus(state, "no", 1_000.0)


@pytest.mark.parametrize(
    "category",
    [Category.INVALID_REQUEST, Category.MODEL_NOT_FOUND, Category.CONTENT_FILTERED],
)
def test_a_request_that_was_refused_shows_a_provider_that_answers(category):
    health = Health(Clock())
    health.failed(CONFIG, failed(Category.CONNECTION))
    health.failed(CONFIG, failed(category, status=400))
    assert health.status(CONFIG) == ProviderStatus(State.READY, checked_at=1_000.0)


@pytest.mark.parametrize(
    "error",
    [
        failed(Category.UNSUPPORTED),  # found out here: nothing was sent
        failed(Category.TIMEOUT),
        failed(Category.BAD_RESPONSE, status=502),
        failed(Category.OVERLOADED, status=529),
        failed(Category.PERMISSION, status=403),
        failed(Category.CANCELLED),
        failed(Category.INTERNAL),
    ],
)
def test_an_error_that_says_nothing_of_its_provider_changes_nothing(error):
    health = Health(Clock())
    health.failed(CONFIG, failed(Category.AUTHENTICATION))
    health.failed(CONFIG, error)
    told = health.status(CONFIG)
    assert told is not None
    assert told.state is State.REFUSED


@pytest.mark.parametrize(("retry_after", "lasts"), [(None, 60), (7.0, 7)])
def test_a_limit_ends_by_itself(retry_after, lasts):
    clock = Clock()
    health = Health(clock)
    health.failed(CONFIG, failed(Category.RATE_LIMIT, retry_after=retry_after))

    clock.time += lasts - 1
    before = health.status(CONFIG)
    clock.time += 1
    after = health.status(CONFIG)

    assert before is not None
    assert (before.state, after) == (State.LIMITED, ProviderStatus(State.READY, checked_at=1_000.0))


def test_an_answer_ends_what_was_heard_before():
    health = Health(Clock())
    health.failed(CONFIG, failed(Category.CONNECTION))
    health.well(CONFIG)
    assert health.status(CONFIG) == ProviderStatus(State.READY, checked_at=1_000.0)


def test_another_key_or_address_begins_anew():
    health = Health()
    health.failed(CONFIG, failed(Category.AUTHENTICATION))
    for changed in ({"OPENAI_API_KEY": "openai-key-2"}, {"OPENAI_BASE_URL": "http://127.0.0.1:9"}):
        assert health.status(OpenAIProvider().get_config(ENVIRON | changed)) is None


def test_what_was_heard_outlives_a_reload_and_is_told():
    before = world()
    health_of(before).failed(CONFIG, failed(Category.AUTHENTICATION))
    after = replace(before, environ=dict(ENVIRON))
    assert status_of(OpenAIProvider(), after).state is State.REFUSED


def test_a_provider_without_a_key_has_none_whatever_was_heard():
    runtime = world()
    health_of(runtime).failed(CONFIG, failed(Category.AUTHENTICATION))
    without = replace(runtime, environ={})
    assert status_of(OpenAIProvider(), without) == ProviderStatus(
        State.NO_KEY, "set OPENAI_API_KEY"
    )
