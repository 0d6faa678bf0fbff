"""Which messages of a tree a model is shown."""

from dragoman.services.branches import branch_to, context_of
from dragoman.storage import Node, State


def tree(*rows: str) -> dict[str, Node]:
    """A tree from rows of `id parent state`; an id begins with u (user) or r (reply)."""
    nodes = {}
    for row in rows:
        id_, parent, state, *silent = row.split()
        role = "user" if id_[0] == "u" else "assistant"
        nodes[id_] = Node(id_, None if parent == "-" else parent, role, State(state), not silent)
    return nodes


def shown(nodes, asked):
    return [node.id for node in context_of(nodes, asked)]


FIRST = ("u1 - complete", "r1 u1 complete")
STRAIGHT = tree(*FIRST, "u2 r1 complete", "r2 u2 complete", "u3 r2 pending")


def test_a_straight_talk_is_shown_whole_and_ends_with_what_is_asked():
    assert shown(STRAIGHT, "u3") == ["u1", "r1", "u2", "r2", "u3"]


def test_the_first_message_is_shown_alone():
    assert shown(tree("u1 - pending"), "u1") == ["u1"]


def test_a_message_that_is_tried_again_is_shown_without_what_came_after():
    assert shown(STRAIGHT, "u2") == ["u1", "r1", "u2"]


def test_the_reply_that_the_talk_went_on_from_counts_though_a_later_one_is_whole():
    nodes = tree(*FIRST, "r2 u1 complete", "u2 r1 pending")
    assert shown(nodes, "u2") == ["u1", "r1", "u2"]


def test_a_part_of_a_reply_that_the_talk_went_on_from_counts():
    nodes = tree(*FIRST, "r2 u1 cancelled", "u2 r2 pending")
    assert shown(nodes, "u2") == ["u1", "r2", "u2"]


def test_for_a_reply_without_words_the_latest_whole_one_stands_in():
    nodes = tree(
        "u1 - error",
        "r1 u1 complete",
        "r2 u1 complete",
        "r3 u1 interrupted",
        "r4 u1 error silent",
        "u2 r4 pending",
    )
    assert shown(nodes, "u2") == ["u1", "r2", "u2"]


def test_where_no_reply_is_whole_the_latest_with_words_stands_in():
    nodes = tree(
        "u1 - error",
        "r1 u1 cancelled",
        "r2 u1 interrupted",
        "r3 u1 error silent",
        "u2 r3 pending",
    )
    assert shown(nodes, "u2") == ["u1", "r2", "u2"]


def test_a_message_that_never_got_a_word_of_reply_is_shown_by_itself():
    nodes = tree("u1 - error", "r1 u1 error silent", "u2 r1 pending")
    assert shown(nodes, "u2") == ["u1", "u2"]


def test_a_message_said_right_after_a_message_finds_its_reply():
    nodes = tree(*FIRST, "u2 u1 pending")
    assert shown(nodes, "u2") == ["u1", "r1", "u2"]


def test_another_wording_is_another_branch():
    nodes = tree(*FIRST, "u2 - complete", "r2 u2 complete", "u3 r2 pending")
    assert shown(nodes, "u3") == ["u2", "r2", "u3"]


def test_a_branch_to_nowhere_is_empty():
    assert list(branch_to(STRAIGHT, None)) == []
    assert list(branch_to(STRAIGHT, "u9")) == []
    assert [node.id for node in branch_to(STRAIGHT, "r1")] == ["u1", "r1"]
