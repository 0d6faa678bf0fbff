"""Full-text search: every term stands somewhere in the title or the messages, as a part of a word.

The index knows which triples of characters a text has. It finds the texts that have all triples of
a term, and among those are looked for the ones that have the term. A term of one or two characters
is looked for in every text, which takes longer.
"""

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Integer, func, literal_column, or_, select, table, true
from sqlalchemy.engine import Connection

from dragoman.storage.records import State
from dragoman.storage.schema import conversations, messages
from dragoman.storage.sqlite import HOLDS

_TRIPLE: Final = 3
_BEFORE: Final = 40
_LENGTH: Final = 160
_c: Final = conversations.c
_m: Final = messages.c


def matching(term: str) -> ColumnElement[bool]:
    """Say in SQL that a conversation has `term` in its title or in a message."""
    titled = _found(term, "title_search", _c.seq) & _holds(_c.title, term)
    return or_(titled, _c.id.in_(select(_m.conversation_id).where(_said(term))))


def _said(term: str) -> ColumnElement[bool]:
    """Say in SQL that a message has `term` in it."""
    finished = _m.state != State.STREAMING
    return finished & _found(term, "message_search", _m.seq) & _holds(_m.text, term)


def _found(term: str, index: str, seq: ColumnElement[int]) -> ColumnElement[bool]:
    """Say in SQL that the index knows all triples of `term` in a row."""
    starts = range(len(term) - _TRIPLE + 1)
    triples = dict.fromkeys(term[start : start + _TRIPLE] for start in starts)
    if not triples:
        return true()
    # In quotes, nothing is an operator.
    query = " AND ".join('"{}"'.format(triple.replace('"', '""')) for triple in triples)
    rows = select(literal_column("rowid", Integer)).select_from(table(index))
    return seq.in_(rows.where(literal_column(index).op("MATCH")(query)))


def _holds(text: ColumnElement[str], term: str) -> ColumnElement[bool]:
    # SQLite itself is quicker, and knows the cases of ASCII alone.
    if term.isascii():
        return text.contains(term, autoescape=True)
    held: ColumnElement[bool] = getattr(func, HOLDS)(text, term) == 1
    return held


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
