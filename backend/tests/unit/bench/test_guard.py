"""The guard of the hot path: what it counts does not vary, and one call more is found."""

from collections.abc import Mapping
from pathlib import Path

from bench.guard import SCRIPTS, Count, complaints, count, read, write
from bench.lockstep import Server
from dragoman.api.server import App

CHAT = SCRIPTS[:1]
OWN = SCRIPTS[3:]


def test_what_is_counted_is_the_same_each_time_and_nothing_is_complained_of():
    with Server() as server:
        first, second = count(server, CHAT), count(server, CHAT)

    assert list(complaints(second, first)) == []
    assert set(first) == {"chat.request", "chat.stream", "chat.chunk"}
    assert all(one.calls > 1 and one.steps > one.calls for one in first.values())


def test_one_call_more_for_each_chunk_is_found():
    with Server() as server:
        before = count(server, OWN)

    with Server(around=with_a_call_more) as server:
        after = count(server, OWN)

    complained = {line.partition(":")[0] for line in complaints(after, before)}
    assert "own.chunk" in complained


def with_a_call_more(app: App) -> App:
    """Plant what must not happen: each message to the client passes one more function."""

    async def planted(scope, receive, send):
        def passed(message):
            return send(message)

        await app(scope, receive, passed)

    return planted


BUDGET: Mapping[str, Count] = {"a.chunk": Count(calls=40, steps=500)}


def test_a_count_below_its_budget_is_welcome_until_the_budget_says_nothing_any_more():
    assert list(complaints({"a.chunk": Count(33, 410)}, BUDGET)) == []

    told = list(complaints({"a.chunk": Count(31, 410)}, BUDGET))

    assert told == ["a.chunk: only 31 calls of 40: lower the budget, so that it holds"]


def test_a_count_above_its_budget_is_told_with_both_figures():
    told = list(complaints({"a.chunk": Count(41, 500)}, BUDGET))

    assert told == ["a.chunk: 41 calls, +2.5% of its budget of 40"]


def test_what_has_no_budget_is_told():
    assert list(complaints({"b.chunk": Count(1, 1)}, BUDGET)) == ["b.chunk: has no budget yet"]


def test_budgets_are_read_as_they_were_written(tmp_path: Path):
    file = tmp_path / "budgets.toml"

    write({"3.11": BUDGET, "3.12": BUDGET}, file)

    assert read(file) == {"3.11": BUDGET, "3.12": BUDGET}


def test_the_budgets_are_of_everything_that_is_counted():
    units = {
        f"{script.name}.{unit}" for script in SCRIPTS for unit in ("request", "stream", "chunk")
    }

    assert all(set(counts) == units for counts in read().values())
    assert read()
