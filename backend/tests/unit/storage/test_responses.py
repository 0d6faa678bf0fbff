"""Responses in the database: what was answered is found again, whatever became of the others."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from dragoman.chat import Receipt
from dragoman.storage import KeptResponse, responses
from dragoman.storage.database import open_database
from dragoman.storage.migrate import migrate
from dragoman.storage.schema import response_items
from dragoman.storage.schema import responses as table
from dragoman.storage.sqlite import writing_engine


def said(text):
    return {"role": "user", "content": text}


def told(text):
    return {"type": "message", "role": "assistant", "content": text}


def a_response(id_, *, at=100, question="Hello", answer="Good day", **more: object):
    output = (told(answer),)
    facts = {
        "body": {"id": id_, "output": list(output), "model": "gpt"},
        "asked": (said(question),),
        "output": output,
        **more,
    }
    return KeptResponse(id=id_, created_at=at, **facts)


def rows(connection):
    return connection.execute(select(func.count()).select_from(table)).scalar()


@pytest.fixture
def connection(engine):
    with engine.begin() as opened:
        yield opened


@pytest.fixture
def chain(connection):
    """Store responses, each going on from the one before; give their ids."""

    def store(*ids: str, at=100):
        for previous, id_ in zip((None, *ids), ids, strict=False):
            way = () if previous is None else responses.steps(connection, previous, since=0)
            responses.keep(
                connection, a_response(id_, at=at, question=f"{id_}?", answer=id_), after=way
            )
        return ids

    return store


def inherited(connection, id_):
    return [
        text
        for step in responses.steps(connection, id_, since=0)
        for text in (step.asked[0]["content"], step.output[0]["content"])
    ]


def test_a_response_is_found_as_it_was_told(connection):
    kept = a_response("resp_1", receipts=(Receipt("seed", "dropped", "why"),))

    responses.keep(connection, kept)

    found = responses.get(connection, "resp_1", since=0)
    assert found == kept
    assert list(found.body) == list(kept.body), "in the same order"


def test_a_response_that_is_not_there_or_too_old_is_not_found(connection):
    responses.keep(connection, a_response("resp_1", at=100))

    assert responses.get(connection, "resp_2", since=0) is None
    assert responses.get(connection, "resp_1", since=101) is None
    assert responses.steps(connection, "resp_1", since=101) == ()
    assert responses.get(connection, "resp_1", since=100) is not None


def test_the_way_to_a_response_is_told_from_its_beginning(connection, chain):
    chain("a", "b", "c")

    assert inherited(connection, "b") == ["a?", "a", "b?", "b"]
    assert inherited(connection, "c")[-2:] == ["c?", "c"]


def test_two_responses_go_on_from_one(connection, chain):
    chain("a", "b")
    responses.keep(connection, a_response("other"), after=responses.steps(connection, "a", since=0))

    assert inherited(connection, "other")[0] == "a?"
    assert len(inherited(connection, "b")) == len(inherited(connection, "other")) == 4


def test_what_goes_on_from_a_deleted_response_keeps_what_it_inherited(connection, chain):
    chain("a", "b", "c")
    before = inherited(connection, "c")

    assert responses.forget(connection, "b")
    assert not responses.forget(connection, "b")

    assert responses.get(connection, "b", since=0) is None
    assert responses.steps(connection, "b", since=0) == ()
    assert inherited(connection, "c") == before


def test_what_nothing_goes_on_from_is_deleted_for_good(connection, chain):
    chain("a", "b", "c")

    for id_, left in (("a", 3), ("b", 3), ("c", 0)):
        responses.forget(connection, id_)
        assert rows(connection) == left


def test_a_deleted_response_leaves_nothing_that_only_it_was_told(connection, chain):
    chain("a", "b")
    responses.forget(connection, "a")

    hidden = connection.execute(select(table).where(table.c.id.is_(None))).one()
    assert (hidden.body, hidden.receipts) == (None, None)


def test_what_is_too_old_is_purged_unless_something_younger_goes_on_from_it(connection, chain):
    chain("a", "b", at=100)
    responses.keep(
        connection, a_response("young", at=200), after=responses.steps(connection, "a", since=0)
    )

    assert responses.purge(connection, before=150) == 2

    assert responses.get(connection, "a", since=0) is None
    assert inherited(connection, "young")[:2] == ["a?", "a"]
    assert rows(connection) == 2
    assert responses.purge(connection, before=150) == 0
    assert responses.purge(connection, before=201) == 1
    assert rows(connection) == 0


def test_a_step_that_went_away_meanwhile_is_put_back(connection, chain):
    chain("a", "b")
    way = responses.steps(connection, "b", since=0)
    responses.forget(connection, "b")
    responses.forget(connection, "a")
    assert rows(connection) == 0

    responses.keep(connection, a_response("c", question="c?", answer="c"), after=way)

    assert inherited(connection, "c") == ["a?", "a", "b?", "b", "c?", "c"]
    assert responses.get(connection, "a", since=0) is None
    responses.forget(connection, "c")
    assert rows(connection) == 0


def test_of_two_responses_with_one_id_the_later_is_found(connection, chain):
    chain("a", "b")
    before = inherited(connection, "b")

    responses.keep(connection, a_response("a", answer="another"))

    assert responses.get(connection, "a", since=0).output == (told("another"),)
    assert inherited(connection, "b") == before


def test_an_item_of_an_answer_is_found_by_its_id_while_its_response_is(connection):
    reasoning = {"type": "reasoning", "id": "rs_1"}
    for id_, at in (("a", 100), ("b", 200)):
        output = (reasoning, {"type": "message", "id": "msg_1", "of": id_}, {})
        responses.keep(connection, a_response(id_, at=at, output=output))

    found = responses.items(connection, ["msg_1", "msg_2"], since=0)
    assert found == {"msg_1": {"type": "message", "id": "msg_1", "of": "b"}}, "the latest"
    assert responses.items(connection, ["msg_1"], since=201) == {}
    for id_ in ("a", "b"):
        responses.forget(connection, id_)
    assert responses.items(connection, ["msg_1"], since=0) == {}
    assert connection.execute(select(func.count()).select_from(response_items)).scalar() == 0


async def test_a_response_outlives_its_server(tmp_path):
    with open_database(tmp_path) as database:
        await database.write(lambda c: responses.keep(c, a_response("resp_1")))
    with open_database(tmp_path) as database:
        found = await database.read(lambda c: responses.get(c, "resp_1", since=0))
    assert found == a_response("resp_1")


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["begin", "go on", "forget", "purge"]), st.integers(0, 30)),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(actions=ACTIONS)
def test_whatever_happens_each_response_has_its_whole_way(tmp_path_factory, actions):
    path = tmp_path_factory.mktemp("db") / "dragoman.db"
    engine = writing_engine(path)
    migrate(engine, path)
    ways: dict[str, list[str]] = {}
    times: dict[str, int] = {}
    with engine.begin() as connection:
        for now, (action, choice) in enumerate(actions):
            known = sorted(ways)
            one = known[choice % len(known)] if known else None
            match action:
                case "begin" | "go on":
                    source = one if action == "go on" else None
                    way = () if source is None else responses.steps(connection, source, since=0)
                    name = f"r{now}"
                    kept = a_response(name, at=now, question=f"{name}?", answer=name)
                    responses.keep(connection, kept, after=way)
                    ways[name] = [*ways.get(source, []), f"{name}?", name]
                    times[name] = now
                case "forget" if one is not None:
                    assert responses.forget(connection, one)
                    del ways[one], times[one]
                case "purge":
                    old = [id_ for id_, at in times.items() if at < choice]
                    assert responses.purge(connection, before=choice) == len(old)
                    for id_ in old:
                        del ways[id_], times[id_]
            for id_, way in ways.items():
                assert inherited(connection, id_) == way
            if not ways:
                assert rows(connection) == 0
    engine.dispose()
