"""A conversation as a tree: which of its messages a model is shown.

message ─┬─ reply, failed
         ├─ reply ─── message ─┬─ reply
         └─ reply              └─ reply …
message, in other words ─ reply

A branch leads from a message of the first row to the one that is asked. A branch goes through one
of the replies to each message; where that one has no words, another attempt stands in for it.
"""

from collections.abc import Iterable, Mapping, Sequence

from dragoman.storage import Node, State


def context_of(nodes: Mapping[str, Node], asked: str | None) -> list[Node]:
    """Give the messages that lead to `asked`, itself the last, each with the reply that counts.

    `nodes` are in the order in which they were made. Replies without words are left out.
    """
    branch = branch_to(nodes, asked)
    context: list[Node] = []
    for node, after in zip(branch, [*branch[1:], None], strict=True):
        if node.role == "assistant":
            continue
        context.append(node)
        if after is None:
            break
        reply = _usable(after) or chosen(replies_to(nodes.values(), node.id))
        if reply is not None:
            context.append(reply)
    return context


def branch_to(nodes: Mapping[str, Node], leaf: str | None) -> Sequence[Node]:
    """Give the way from the first message to `leaf`; empty if there is no such message."""
    branch: list[Node] = []
    node = None if leaf is None else nodes.get(leaf)
    while node is not None:
        branch.append(node)
        node = None if node.parent_id is None else nodes.get(node.parent_id)
    return branch[::-1]


def replies_to(nodes: Iterable[Node], message_id: str) -> list[Node]:
    """Give the attempts at a reply to a message, the oldest first."""
    return [node for node in nodes if node.parent_id == message_id and node.role == "assistant"]


def chosen(attempts: Sequence[Node]) -> Node | None:
    """Choose among attempts: the latest that is whole, else the latest that has words."""
    spoken = [attempt for attempt in attempts if attempt.spoken]
    whole = [attempt for attempt in spoken if attempt.state is State.COMPLETE]
    candidates = whole or spoken
    return candidates[-1] if candidates else None


def _usable(node: Node) -> Node | None:
    return node if node.role == "assistant" and node.spoken else None
