"""Conversations as Markdown, to be read: the branch that is shown, under a heading for each turn.

A comment before each heading, which no reader of the page sees, tells what is needed to read the
text back. What a person or a model wrote stands there unchanged, but for a line that looks like
such a comment: it gets a backslash.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from dragoman.chat import InvalidInput, JsonObject
from dragoman.services.archive import ArchivedConversation, archived, restored
from dragoman.storage import State, StoredMessage, Thread

_MARK: Final = re.compile(r"^<!-- dragoman:(conversation|message) (\{.*\}) -->$", re.MULTILINE)
_LOOKS_LIKE_ONE: Final = re.compile(r"^<!-- (\\*)dragoman:", re.MULTILINE)
_ESCAPED: Final = re.compile(r"^<!-- \\(\\*)dragoman:", re.MULTILINE)


def write_markdown(thread: Thread) -> str:
    """Write a conversation, as far as its active branch goes."""
    shown = replace(thread, messages=tuple(_branch(thread)))
    conversation = archived(shown)
    facts: JsonObject = msgspec.to_builtins(conversation)
    abouts = facts.pop("messages", [])
    blocks = [f"{_comment('conversation', facts)}\n# {_line(conversation.title)}\n"]
    for message, about in zip(shown.messages, abouts, strict=True):
        text = _LOOKS_LIKE_ONE.sub(r"<!-- \\\1dragoman:", about.pop("text"))
        blocks.append(f"{_comment('message', about)}\n## {_heading(message)}\n\n{text}\n")
    return "\n".join(blocks)


def read_markdown(page: str) -> list[Thread]:
    """Read the conversations of a page. Raises `InvalidInput` with what is wrong."""
    marks = list(_MARK.finditer(page))
    if not marks or marks[0][1] != "conversation":
        raise InvalidInput("", "this is no page that was written by `dragoman export`")
    found: list[JsonObject] = []
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        facts = _facts(mark)
        if mark[1] == "conversation":
            found.append({**facts, "messages": []})
        else:
            written = page[mark.end() : None if after is None else after.start() - 1]
            _, _, text = written.partition("\n\n")  # the heading is for people
            text = _ESCAPED.sub(r"<!-- \1dragoman:", text.removesuffix("\n"))
            found[-1]["messages"].append({**facts, "text": text})
    try:
        return [restored(msgspec.convert(facts, ArchivedConversation)) for facts in found]
    except msgspec.ValidationError as error:
        raise InvalidInput("", f"the page has been changed: {error}") from error


def _facts(mark: re.Match[str]) -> JsonObject:
    try:
        return msgspec.json.decode(mark[2], type=JsonObject)
    except msgspec.DecodeError as error:
        raise InvalidInput("", f"the page has been changed: {error}: {mark[0][:60]}") from error


def _comment(kind: str, facts: JsonObject) -> str:
    # What would end the comment is spelled otherwise; JSON has a way to.
    written = msgspec.json.encode(facts).decode().replace(">", r"\u003e")
    return f"<!-- dragoman:{kind} {written} -->"


def _branch(thread: Thread) -> Sequence[StoredMessage]:
    messages = {message.id: message for message in thread.messages}
    branch: list[StoredMessage] = []
    message = messages.get(thread.conversation.active_leaf or "")
    while message is not None:
        branch.append(message)
        message = messages.get(message.parent_id or "")
    return branch[::-1]


def _heading(message: StoredMessage) -> str:
    if message.role == "user":
        return "You"
    who = _line(message.model or "A model")
    return who if message.state is State.COMPLETE else f"{who} ({message.state})"


def _line(text: str) -> str:
    return " ".join(text.split())
