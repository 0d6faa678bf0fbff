"""Full-text search: every term stands somewhere in the title or the messages, as a part of a word.

The index knows triples of characters, so a term needs three; a shorter one is looked for in every
text, which takes longer.
"""

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select, table
from sqlalchemy.engine import Connection

from dragoman.storage.records import State
from dragoman.storage.schema import conversations, messages

_TRIPLE: Final = 3
_BEFORE: Final = 40
_LENGTH: Final = 160
_c: Final = conversations.c
_m: Final = messages.c


def matching(term: str) -> ColumnElement[bool]:
    """Say in SQL that a conversation has `term` in its title or in a message."""
    if len(term) < _TRIPLE:
        title = _c.title.contains(term, autoescape=True)
    else:
        title = _c.seq.in_(_rows("title_search", term))
    return or_(title, _c.id.in_(select(_m.conversation_id).where(_said(term))))


def _said(term: str) -> ColumnElement[bool]:
    """Say in SQL that a message has `term` in it."""
    if len(term) < _TRIPLE:
        return (_m.state != State.STREAMING) & _m.text.contains(term, autoescape=True)
    return _m.seq.in_(_rows("message_search", term))


def _rows(index: str, term: str) -> Select[tuple[int]]:
    phrase = '"{}"'.format(term.replace('"', '""'))  # nothing in it is an operator then
    return (
        select(literal_column("rowid"))
        .select_from(table(index))
        .where(literal_column(index).op("MATCH")(phrase))
    )


def snippets(connection: Connection, ids: Sequence[str], terms: Sequence[str]) -> dict[str, str]:
    """Give, for each conversation with a term in a message, the words around it: the latest."""
    latest = (
        select(func.max(_m.seq))
        .where(_m.conversation_id.in_(ids), or_(*map(_said, terms)))
        .group_by(_m.conversation_id)
    )
    rows = connection.execute(select(_m.conversation_id, _m.text).where(_m.seq.in_(latest)))
    return {row.conversation_id: snippet(row.text, terms) for row in rows}


def snippet(text: str, terms: Sequence[str]) -> str:
    """Cut the words around the first term out of `text`, on one line."""
    line = " ".join(text.split())
    found = re.search("|".join(map(re.escape, terms)), line, re.IGNORECASE)
    start = 0 if found is None else max(0, found.start() - _BEFORE)
    if start:
        space = line.find(" ", start, start + _BEFORE)
        start = space + 1 if space >= 0 else start
    end = start + _LENGTH
    if end < len(line):
        space = line.rfind(" ", start + _LENGTH // 2, end)
        end = space if space >= 0 else end
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"
