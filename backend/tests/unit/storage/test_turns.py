"""A turn in the database: from the message that waits to the reply that is whole."""

import pytest
from sqlalchemy.exc import IntegrityError

from dragoman.storage import Outcome, State, conversations, turns
from tests.unit.storage.stories import a_conversation, a_message, a_reply, tell


@pytest.fixture
def connection(engine):
    with engine.begin() as connection:
        yield connection


@pytest.fixture
def begun(connection):
    """A turn whose reply is being written: the conversation's id, the message, the reply."""
    conversation, message = a_conversation(), a_message()
    reply = a_reply(message)
    conversations.add(connection, conversation, titled=False)
    turns.add(connection, conversation.id, [message, reply])
    return conversation.id, message, reply


def states(connection, conversation_id):
    return [(node.role, node.state) for node in turns.nodes(connection, conversation_id).values()]


def test_a_checkpoint_keeps_how_far_the_reply_has_come(connection, begun):
    conversation_id, _, reply = begun
    turns.checkpoint(connection, reply.id, "Good", "Let me think")

    *_, stored = conversations.thread(connection, conversation_id, limit=2).messages

    assert (stored.text, stored.reasoning) == ("Good", "Let me think")
    assert stored.state is State.STREAMING


@pytest.mark.parametrize("state", [State.COMPLETE, State.ERROR, State.CANCELLED])
def test_a_turn_ends_with_its_reply(connection, begun, state):
    conversation_id, _, reply = begun
    outcome = Outcome(state=state, text="Good day")
    turns.finish(connection, conversation_id, reply, outcome, now=9)

    assert states(connection, conversation_id) == [("user", state), ("assistant", state)]
    assert turns.texts(connection, [reply.id]) == {reply.id: "Good day"}


def test_the_first_end_of_a_reply_is_its_end(connection, begun):
    conversation_id, _, reply = begun
    for state, text in ((State.COMPLETE, "whole"), (State.CANCELLED, "")):
        outcome = Outcome(state=state, text=text)
        turns.finish(connection, conversation_id, reply, outcome, now=9)
        turns.checkpoint(connection, reply.id, "too late", "")

    *_, stored = conversations.thread(connection, conversation_id, limit=2).messages
    assert (stored.state, stored.text) == (State.COMPLETE, "whole")


def test_the_database_itself_refuses_a_second_reply_at_the_same_time(connection, begun):
    conversation_id, message, _ = begun
    with pytest.raises(IntegrityError) as refused, connection.begin_nested():
        turns.add(connection, conversation_id, [a_reply(message)])
    assert "Hello" not in str(refused.value), "no message is quoted in an error"


def test_a_restart_marks_what_was_unfinished_and_leaves_the_rest(connection, begun):
    conversation_id, _, reply = begun
    turns.checkpoint(connection, reply.id, "Half", "")
    other = a_conversation()
    tell(connection, other, ("a", "b"))

    assert turns.recover(connection) == 1
    assert turns.recover(connection) == 0

    cut = State.INTERRUPTED
    assert states(connection, conversation_id) == [("user", cut), ("assistant", cut)]
    whole = State.COMPLETE
    assert states(connection, other.id) == [("user", whole), ("assistant", whole)]
    assert turns.texts(connection, [reply.id]) == {reply.id: "Half"}


def test_nodes_tell_the_tree_and_who_has_words(connection):
    conversation = a_conversation()
    first, answer = tell(connection, conversation, ("Question", "Answer"))
    empty = a_message("", parent=first, role="assistant", state=State.ERROR)
    turns.add(connection, conversation.id, [empty])

    nodes = turns.nodes(connection, conversation.id)

    assert [(node.id, node.parent_id, node.spoken) for node in nodes.values()] == [
        (first, None, True),
        (answer, first, True),
        (empty.id, first, False),
    ]


def test_a_message_can_wait_again(connection):
    conversation = a_conversation()
    first, _ = tell(connection, conversation, ("Question", "Answer"))
    turns.wait(connection, first)
    assert turns.nodes(connection, conversation.id)[first].state is State.PENDING
