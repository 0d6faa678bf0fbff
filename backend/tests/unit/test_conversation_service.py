"""The promises about conversations: what is said is stored first, and told only when it is."""

import asyncio
from itertools import count

import pytest

from dragoman.chat import (
    InvalidInput,
    Message,
    PartDelta,
    PartStart,
    ResponseEnd,
    Stop,
    StopReason,
    Text,
)
from dragoman.config.facts import ModelEntry
from dragoman.services.conversation_service import RESTORABLE, ConversationService
from dragoman.services.routing import Candidate
from dragoman.services.turns import Edit, NewMessage, Pace, Retry
from dragoman.storage import Changes, Mishap, State, StorageError, Trouble, Wishes
from dragoman.storage.database import open_database
from dragoman.storage.sqlite import library

MODELS = {"gpt": "openai", "claude": "anthropic"}
SLOW = Pace(seconds=60, size=1 << 20)


def resolve(model):
    name = model or "gpt"
    if name not in MODELS:
        raise InvalidInput("model", f"there is no model {name!r} here")
    return Candidate(ModelEntry(name, name, "", MODELS[name]), None, None)


class Clock:
    """A wall clock that somebody sets."""

    def __init__(self) -> None:
        self.time = 1_700_000_000_000

    def __call__(self) -> int:
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database(tmp_path):
    with open_database(tmp_path) as opened:
        yield opened


@pytest.fixture
async def service(database, clock):
    numbers = count(1)
    made = ConversationService(database, now=clock, new_id=lambda: next(numbers), pace=SLOW)
    async with made as service:
        yield service


@pytest.fixture
def begin(service):
    async def ask(conversation, said, **more: object):
        said = NewMessage(said) if isinstance(said, str) else said
        return await service.begin_turn(conversation.id, said, resolve=resolve, **more)

    return ask


@pytest.fixture
def talk(begin):
    """Have a whole turn: what is said, and the answer."""

    async def turn(conversation, said, answer="Yes", state=State.COMPLETE, **more: object):
        begun = await begin(conversation, said, **more)
        say(begun, answer)
        end = ResponseEnd(Stop(StopReason.STOP))
        await begun.finish(state, end=end if state is State.COMPLETE else None)
        return begun

    return turn


def say(turn, words):
    turn.hear([PartStart(0, Text("")), PartDelta(0, words)])


async def messages(service, conversation):
    thread = await service.get(conversation.id, limit=100)
    return thread.messages


def asked(turn):
    """What the model is shown, by role and words."""
    return [(message.role, message.parts[0].text) for message in turn.request.messages]


async def test_a_new_conversation_has_an_id_a_title_and_its_times(service, clock):
    made = await service.create()
    assert (made.id, made.title) == ("conv-1", "New conversation")
    assert made.created_at == made.updated_at == clock.time
    assert made.wishes == Wishes()
    assert (await service.get(made.id, limit=1)).conversation == made


async def test_the_message_is_stored_before_the_model_is_asked(service, begin):
    conversation = await service.create()
    turn = await begin(conversation, "Hello")

    message, reply = await messages(service, conversation)

    assert (message.id, message.text, message.state) == (turn.user_message_id, "Hello", "pending")
    assert (reply.id, reply.parent_id, reply.state) == (turn.id, message.id, "streaming")
    assert (reply.model, reply.provider) == ("gpt", "openai")


async def test_the_model_is_shown_the_whole_talk_and_the_wishes(service, talk, begin):
    conversation = await service.create(
        wishes=Wishes("Be brief", model="claude", temperature=0.2, max_tokens=50)
    )
    await talk(conversation, "One", "1")
    await talk(conversation, "Two", "2")
    turn = await begin(conversation, "Three", stream=True)

    assert asked(turn) == [
        ("user", "One"),
        ("assistant", "1"),
        ("user", "Two"),
        ("assistant", "2"),
        ("user", "Three"),
    ]
    assert turn.request.model == turn.candidate.model.id == "claude"
    assert turn.request.system == (Text("Be brief"),)
    assert turn.request.sampling.temperature == 0.2
    assert turn.request.limits.output == 50
    assert turn.request.stream


async def test_the_end_is_stored_with_everything(service, talk, clock):
    conversation = await service.create()
    clock.time += 5
    turn = await talk(conversation, "Hello", "Good day")

    message, reply = await messages(service, conversation)

    assert (message.state, reply.state, reply.text) == ("complete", "complete", "Good day")
    assert reply.stop_reason == "stop"
    assert reply.timing == turn.timing
    thread = await service.get(conversation.id, limit=1)
    assert thread.conversation.active_leaf == reply.id
    assert thread.conversation.updated_at == clock.time


async def test_a_reply_can_be_watched_while_it_grows(service, begin):
    conversation = await service.create()
    turn = await begin(conversation, "Hello")
    say(turn, "Good")
    *_, reply = await messages(service, conversation)
    assert (reply.state, reply.text) == ("streaming", "Good")


async def test_the_title_is_the_first_message_until_somebody_gives_one(service, talk):
    unnamed = await service.create()
    turn = await talk(unnamed, "What is a dragoman?  Explain.")
    assert turn.conversation.title == "What is a dragoman? Explain."
    turn = await talk(unnamed, "And now?")
    assert turn.conversation.title == "What is a dragoman? Explain."

    named = await service.create("My title")
    assert (await talk(named, "Hello")).conversation.title == "My title"

    renamed = await service.create()
    await service.change(renamed.id, Changes(title="Mine"))
    assert (await talk(renamed, "Hello")).conversation.title == "Mine"


async def test_one_reply_at_a_time(service, begin, talk):
    conversation = await service.create()
    first = await begin(conversation, "Hello")
    with pytest.raises(InvalidInput) as busy:
        await begin(conversation, "Hello?")
    assert (busy.value.status, busy.value.reason) == (409, "conversation_busy")
    assert len(await messages(service, conversation)) == 2, "the second was not stored"

    other = await service.create()
    await talk(other, "Meanwhile")
    await first.finish(State.COMPLETE)
    await talk(conversation, "Now")


async def test_of_many_at_once_one_is_served(service, begin):
    conversation = await service.create()
    turns = await asyncio.gather(
        *(begin(conversation, str(number)) for number in range(20)), return_exceptions=True
    )
    assert sum(isinstance(turn, InvalidInput) for turn in turns) == 19


async def test_a_retry_is_another_reply_to_the_same_message(service, talk, begin):
    conversation = await service.create()
    await talk(conversation, "One", "1")
    second = await talk(conversation, "Two", "2", model="claude")

    again = await begin(conversation, Retry(second.id))

    assert again.user_message_id == second.user_message_id
    assert asked(again) == [("user", "One"), ("assistant", "1"), ("user", "Two")]
    assert again.candidate.model.id == "claude", "the model of the reply that is tried again"
    say(again, "2!")
    await again.finish(State.COMPLETE)
    shown = await messages(service, conversation)
    assert [(m.text, m.parent_id) for m in shown[-2:]] == [
        ("2", second.user_message_id),
        ("2!", second.user_message_id),
    ]
    assert shown[-3].state == "complete"

    other = await begin(conversation, Retry(second.user_message_id), model="gpt")
    assert other.candidate.model.id == "gpt"
    await other.finish(State.ERROR)
    last = await begin(conversation, "Three")
    assert asked(last)[-2:] == [("assistant", "2!"), ("user", "Three")], "a failed try has no words"


async def test_an_edit_is_a_branch_beside_the_old_one(service, talk, begin):
    conversation = await service.create()
    first = await talk(conversation, "One", "1")
    second = await talk(conversation, "Two", "2")

    edited = await talk(conversation, Edit(second.user_message_id, "Two and a half"), "2.5")
    assert asked(edited) == [("user", "One"), ("assistant", "1"), ("user", "Two and a half")]

    on = await talk(conversation, "Three", "3")
    assert asked(on)[2:4] == [("user", "Two and a half"), ("assistant", "2.5")]
    back = await talk(conversation, NewMessage("Other three", parent_id=second.id))
    assert asked(back)[2:4] == [("user", "Two"), ("assistant", "2")]

    root = await begin(conversation, Edit(first.user_message_id, "Zero"))
    assert asked(root) == [("user", "Zero")]
    await root.finish(State.CANCELLED)
    assert [m.parent_id for m in await messages(service, conversation) if m.text == "Zero"] == [
        None
    ]


@pytest.mark.parametrize(
    ("said", "status", "field"),
    [
        (NewMessage("x", parent_id="msg-none"), 404, "parentId"),
        (Retry("msg-none"), 404, "retryOf"),
        (Edit("msg-none", "x"), 404, "editOf"),
    ],
)
async def test_what_is_not_there_cannot_be_followed(service, begin, talk, said, status, field):
    conversation = await service.create()
    await talk(conversation, "Hello")
    with pytest.raises(InvalidInput) as refused:
        await begin(conversation, said)
    assert (refused.value.status, refused.value.path) == (status, field)


async def test_a_message_of_another_conversation_is_not_there(service, begin, talk):
    here, there = await service.create(), await service.create()
    turn = await talk(there, "Hello")
    with pytest.raises(InvalidInput):
        await begin(here, Retry(turn.id))


async def test_a_reply_cannot_be_edited(service, begin, talk):
    conversation = await service.create()
    turn = await talk(conversation, "Hello")
    with pytest.raises(InvalidInput) as refused:
        await begin(conversation, Edit(turn.id, "x"))
    assert (refused.value.status, refused.value.path) == (422, "editOf")


async def test_an_unknown_model_leaves_nothing_behind(service, begin):
    conversation = await service.create()
    with pytest.raises(InvalidInput) as refused:
        await begin(conversation, "Hello", model="gtp")
    assert refused.value.path == "model"
    assert await messages(service, conversation) == ()
    assert (await service.get(conversation.id, limit=1)).conversation == conversation


async def test_a_conversation_remembers_the_model_that_was_chosen_for_a_message(service, talk):
    conversation = await service.create()
    await talk(conversation, "Hello", model="claude")
    turn = await talk(conversation, "And?")
    assert turn.candidate.model.id == "claude"
    turn = await talk(conversation, Retry(turn.id), model="gpt")
    assert turn.conversation.wishes.model == "claude", "a retry with another model is a trial"


async def test_the_list_is_by_activity_though_the_clock_jumps_back(service, talk, clock):
    first = await service.create("first")
    second = await service.create("second")
    clock.time -= 3_600_000
    await talk(first, "Hello")
    page = await service.find()
    assert [each.conversation.title for each in page.conversations] == ["first", "second"]
    assert [m.text for m in await messages(service, first)] == ["Hello", "Yes"]
    assert second.id == page.conversations[1].conversation.id


async def test_a_change_of_settings_is_no_activity(service, clock):
    first = await service.create("first")
    await service.create("second")
    clock.time += 1
    changed = await service.change(first.id, Changes(temperature=0.5, model="claude"))
    assert changed.wishes == Wishes(model="claude", temperature=0.5)
    assert changed.updated_at == first.updated_at
    page = await service.find()
    assert page.conversations[0].conversation.title == "second"

    changed = await service.change(first.id, Changes(temperature=None))
    assert changed.wishes == Wishes(model="claude")


async def test_what_is_thrown_away_can_be_restored_for_thirty_days(service, begin, clock):
    conversation = await service.create("Mine")
    await service.delete(conversation.id)
    for gone in (
        service.get(conversation.id, limit=1),
        service.change(conversation.id, Changes(title="x")),
        service.delete(conversation.id),
        begin(conversation, "Hello"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await gone
        assert (refused.value.status, refused.value.reason) == (404, "not_found")

    clock.time += RESTORABLE
    assert await service.purge() == 0
    assert (await service.restore(conversation.id)).title == "Mine"
    assert (await service.restore(conversation.id)).title == "Mine"

    await service.delete(conversation.id)
    clock.time += RESTORABLE + 1
    assert await service.purge() == 1
    with pytest.raises(InvalidInput):
        await service.restore(conversation.id)


async def test_throwing_away_stops_the_reply(service, begin):
    conversation = await service.create()
    turn = await begin(conversation, "Hello")

    async def speak():
        async with turn.speaking():
            await asyncio.sleep(60)

    speaker = asyncio.create_task(speak())
    await asyncio.sleep(0)
    await service.delete(conversation.id)
    with pytest.raises(Exception, match="stopped"):
        await asyncio.wait_for(speaker, 5)


async def test_a_reply_can_be_stopped_by_its_id_or_its_messages(service, begin, talk):
    conversation = await service.create()
    for of in ("id", "user_message_id"):
        turn = await begin(conversation, "Hello")
        await service.stop(getattr(turn, of))
        with pytest.raises(Exception, match="stopped"):
            async with turn.speaking():
                pass
        await turn.finish(State.CANCELLED)
        await service.stop(turn.id)  # it has ended: nothing happens
    with pytest.raises(InvalidInput) as refused:
        await service.stop("msg-none")
    assert refused.value.status == 404


async def test_leaving_marks_what_goes_on_as_interrupted_with_its_words(database, tmp_path):
    async with ConversationService(database, pace=SLOW) as service:
        conversation = await service.create()
        turn = await service.begin_turn(conversation.id, NewMessage("Hello"), resolve=resolve)
        say(turn, "Good d")
    thread = await service.get(conversation.id, limit=9)
    assert [(m.state, m.text) for m in thread.messages] == [
        ("interrupted", "Hello"),
        ("interrupted", "Good d"),
    ]


async def test_whoever_leaves_while_a_turn_begins_leaves_no_open_reply(service, begin):
    conversation = await service.create()
    asking = asyncio.create_task(begin(conversation, "Hello"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    async with asyncio.timeout(5):
        while {m.state for m in await messages(service, conversation)} != {State.INTERRUPTED}:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_an_end_that_could_not_be_stored_is_stored_before_the_next_turn(
    database, service, begin
):
    conversation = await service.create()
    turn = await begin(conversation, "Hello")
    say(turn, "Good day")
    other = library().connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    mishap = Mishap("STORAGE_ERROR", "storage_busy", "locked")
    with pytest.raises(StorageError) as refused:
        await turn.finish(State.ERROR, error=mishap)
    assert refused.value.trouble is Trouble.BUSY
    *_, reply = await messages(service, conversation)
    assert (reply.state, reply.text, reply.error) == (State.ERROR, "Good day", mishap)
    other.execute("ROLLBACK")
    other.close()

    following = await begin(conversation, "Still there?")

    assert asked(following) == [
        ("user", "Hello"),
        ("assistant", "Good day"),
        ("user", "Still there?"),
    ]
    assert following.request.messages[0] == Message("user", (Text("Hello"),))


async def test_an_end_that_is_owed_is_stored_as_soon_as_that_is_possible(tmp_path, clock):
    with open_database(tmp_path, busy=0.1) as database:
        async with ConversationService(database, now=clock, pace=SLOW) as service:
            conversation = await service.create()
            turn = await service.begin_turn(conversation.id, NewMessage("Hi"), resolve=resolve)
            say(turn, "Good day")
            other = library().connect(database.path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageError):
                await turn.finish(State.COMPLETE)
            other.execute("ROLLBACK")
            async with asyncio.timeout(10):
                while await database.read(unfinished):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.05)
            other.close()


async def test_what_cannot_be_stored_to_the_last_is_interrupted_at_the_next_start(tmp_path, clock):
    with open_database(tmp_path, busy=0.1) as database:
        async with ConversationService(database, now=clock, pace=SLOW) as service:
            conversation = await service.create()
            turn = await service.begin_turn(conversation.id, NewMessage("Hi"), resolve=resolve)
            say(turn, "Good day")
            other = library().connect(database.path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        other.close()
        assert await database.read(unfinished) == 1
    with open_database(tmp_path) as database:
        assert await database.read(unfinished) == 0


def unfinished(connection):
    return connection.exec_driver_sql(
        "SELECT count(*) FROM messages WHERE state = 'streaming'"
    ).scalar()
