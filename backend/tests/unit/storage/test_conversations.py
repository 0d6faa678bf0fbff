"""Conversations in the database: order, search, changes, the way out and back."""

import pytest

from dragoman.chat import Usage
from dragoman.storage import Mishap, Outcome, State, Timing, conversations, turns
from dragoman.storage.records import Wishes
from dragoman.storage.search import snippet
from tests.unit.storage.stories import a_conversation, a_message, a_reply, tell


@pytest.fixture
def connection(engine):
    with engine.begin() as connection:
        yield connection


def titles(page):
    return [listed.conversation.title for listed in page.conversations]


def test_a_conversation_comes_back_as_it_was_stored(connection):
    stored = a_conversation(
        system_prompt="Be brief", model="gpt", temperature=0.5, max_tokens=100, at=1_700_000_000_000
    )
    conversations.add(connection, stored, titled=True)

    assert conversations.get(connection, stored.id) == stored
    assert conversations.is_titled(connection, stored.id)
    assert conversations.get(connection, "conv-unknown") is None


def test_the_list_has_the_latest_activity_first_whatever_the_clock_says(connection):
    first, second = a_conversation("first", at=9_000), a_conversation("second", at=1_000)
    tell(connection, first, ("a", "b"))
    tell(connection, second, ("a", "b"))
    assert titles(conversations.page(connection, limit=10)) == ["second", "first"]

    conversations.touch(connection, first.id, leaf="x", now=5)

    page = conversations.page(connection, limit=10)
    assert titles(page) == ["first", "second"]
    assert page.conversations[0].conversation.updated_at == 5


def test_the_pages_of_the_list_hang_together(connection):
    for number in range(7):
        conversations.add(connection, a_conversation(str(number)), titled=True)
    seen, cursor = [], None
    while True:
        page = conversations.page(connection, limit=3, cursor=cursor)
        seen += titles(page)
        if page.cursor is None:
            break
        cursor = int(page.cursor)

    assert seen == [str(number) for number in reversed(range(7))]


def test_a_list_names_the_models_that_answered_in_the_order_of_their_first_replies(connection):
    conversation = a_conversation()
    asked, _ = tell(connection, conversation, ("a", "b"), model="claude")
    for model in ("gpt", "claude"):
        attempt = a_message("b", parent=asked, role="assistant", state=State.ERROR, model=model)
        turns.add(connection, conversation.id, [attempt])

    (listed,) = conversations.page(connection, limit=1).conversations

    assert listed.models == ("claude", "gpt")


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        (["dragon"], ["fire"]),
        (["DRAG"], ["fire"]),
        (["agon"], ["fire"]),
        (["fire"], ["fire"]),
        (["fire", "dragon"], ["fire"]),
        (["fire", "lemon"], []),
        (["übermut"], ["Ärger"]),
        (["ÜBER"], ["Ärger"]),
        (["龍が好き"], ["Ärger"]),
        (["好"], ["Ärger"]),
        (["ag"], ["fire"]),
        (["fi"], ["fire"]),
        (["legendragon"], []),
        (["ondragon"], []),
        (["100%"], ["fire"]),
        (["0%"], ["fire"]),
        (["_"], []),
        (['"dragon"'], []),
        (["dragon*"], []),
        (["NOT"], []),
        (["AND dragon"], []),
        (["never said"], []),
    ],
    ids=str,
)
def test_search_finds_every_term_as_a_part_of_a_word_in_any_language(connection, terms, found):
    tell(connection, a_conversation("fire"), ("What is a dragon?", "A 100% legendary beast"))
    tell(connection, a_conversation("Ärger"), ("Aus Übermut", "私は龍が好き"))
    tell(connection, a_conversation("thrown away"), ("dragon fire", "ag 好"))
    gone = conversations.page(connection, limit=1).conversations[0].conversation
    conversations.throw_away(connection, gone.id, now=1)

    assert titles(conversations.page(connection, terms=terms, limit=10)) == found


def test_the_pieces_of_a_term_are_not_the_term(connection):
    tell(connection, a_conversation("drag rago agon"), ("drag rago agon", "drag, rago, agon"))
    assert titles(conversations.page(connection, terms=["dragon"], limit=1)) == []
    assert titles(conversations.page(connection, terms=["ago"], limit=1)) == ["drag rago agon"]


def test_the_snippet_is_of_the_latest_message_with_a_term_and_the_title_needs_none(connection):
    tell(connection, a_conversation("dragons"), ("An old dragon", "A new dragon"), ("And", "so on"))
    tell(connection, a_conversation("Only the title: dragon"), ("a", "b"))

    page = conversations.page(connection, terms=["dragon"], limit=10)

    assert [listed.snippet for listed in page.conversations] == [None, "A new dragon"]


def test_a_snippet_is_one_line_of_words_around_the_term():
    text = "word " * 50 + "the\n\nneedle  itself" + " more" * 50

    cut = snippet(text, ["NEEDLE"])

    assert cut.startswith("…word")
    assert cut.endswith("more…")
    assert "the needle itself" in cut
    assert len(cut) <= 165
    assert snippet("short", ["nothing"]) == "short"


def test_a_reply_is_found_when_it_is_finished_and_not_before(connection):
    conversation, message = a_conversation(), a_message("Question")
    reply = a_reply(message)
    conversations.add(connection, conversation, titled=False)
    turns.add(connection, conversation.id, [message, reply])
    turns.checkpoint(connection, reply.id, "half a unicorn", "")
    assert titles(conversations.page(connection, terms=["unicorn"], limit=1)) == []

    outcome = Outcome(state=State.COMPLETE, text="a whole unicorn")
    turns.finish(connection, conversation.id, reply, outcome, now=1)

    assert titles(conversations.page(connection, terms=["whole uni"], limit=1)) == ["A talk"]


def test_a_new_title_is_found_and_the_old_one_is_not(connection):
    conversation = a_conversation("caterpillar")
    conversations.add(connection, conversation, titled=True)
    conversations.change(connection, conversation.id, {"title": "butterfly"})

    assert titles(conversations.page(connection, terms=["caterpillar"], limit=1)) == []
    assert titles(conversations.page(connection, terms=["butterfly"], limit=1)) == ["butterfly"]


def test_what_is_thrown_away_is_out_of_sight_and_can_be_brought_back(connection):
    conversation = a_conversation()
    conversations.add(connection, conversation, titled=True)

    assert conversations.throw_away(connection, conversation.id, now=100)
    assert not conversations.throw_away(connection, conversation.id, now=100)
    assert conversations.get(connection, conversation.id) is None
    assert conversations.thread(connection, conversation.id, limit=1) is None
    assert conversations.page(connection, limit=1).conversations == ()
    assert not conversations.change(connection, conversation.id, {"title": "x"})

    assert conversations.restore(connection, conversation.id)
    assert conversations.get(connection, conversation.id) == conversation
    assert not conversations.restore(connection, "conv-unknown")


def test_purging_deletes_for_good_with_messages_and_index(connection):
    kept, old = a_conversation("kept"), a_conversation("old")
    tell(connection, kept, ("basilisk", "b"))
    tell(connection, old, ("basilisk", "b"), ("c", "d"))
    conversations.throw_away(connection, old.id, now=100)

    assert conversations.purge(connection, before=100) == 0
    assert conversations.purge(connection, before=101) == 1

    assert not conversations.exists(connection, old.id)
    assert titles(conversations.page(connection, terms=["basilisk"], limit=9)) == ["kept"]
    left = connection.exec_driver_sql("SELECT count(*) FROM messages").scalar()
    assert left == 2
    for index in ("message_search", "title_search"):
        connection.exec_driver_sql(f"INSERT INTO {index}({index}) VALUES ('integrity-check')")


def test_a_thread_has_all_attempts_and_everything_that_is_known_of_them(connection):
    conversation, message = a_conversation(), a_message()
    reply = a_reply(message)
    outcome = Outcome(
        state=State.ERROR,
        text="Half",
        reasoning="Hm",
        stop_reason="length",
        usage=Usage(1, 2, 3),
        timing=Timing(12.5, 3.5),
        error=Mishap("TIMEOUT", "timeout_idle", "too slow", {"model": "gpt"}, 7.0),
    )
    conversations.add(connection, conversation, titled=True)
    turns.add(connection, conversation.id, [message, reply])
    turns.finish(connection, conversation.id, reply, outcome, now=77)

    thread = conversations.thread(connection, conversation.id, limit=10)

    assert thread.conversation.active_leaf == reply.id
    assert thread.conversation.updated_at == 77
    asked, answered = thread.messages
    assert (asked.id, asked.state, asked.text) == (message.id, State.ERROR, "Hello")
    assert answered.parent_id == message.id
    for field in outcome.__struct_fields__:
        assert getattr(answered, field) == getattr(outcome, field)
    assert (answered.model, answered.provider) == ("gpt", "openai")
    assert thread.before is None


def test_a_long_thread_is_read_from_its_end(connection):
    conversation = a_conversation()
    ids = tell(connection, conversation, *((f"q{n}", f"a{n}") for n in range(5)))

    last = conversations.thread(connection, conversation.id, limit=4)
    before = conversations.thread(connection, conversation.id, limit=4, before=last.before)
    first = conversations.thread(connection, conversation.id, limit=4, before=before.before)

    shown = [m.id for thread in (first, before, last) for m in thread.messages]
    assert shown == ids
    assert first.before is None


def test_a_change_concerns_the_named_columns_alone(connection):
    conversation = a_conversation(system_prompt="old", temperature=1.0)
    conversations.add(connection, conversation, titled=True)

    conversations.change(connection, conversation.id, {"model": "m", "temperature": None})

    changed = conversations.get(connection, conversation.id)
    assert changed.wishes == Wishes(system_prompt="old", model="m")
    assert conversations.change(connection, conversation.id, {})
    assert not conversations.change(connection, "conv-unknown", {})
