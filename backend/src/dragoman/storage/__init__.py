"""Where conversations are kept: values here, the database behind `dragoman.storage.database`.

Whoever imports this package gets the values and the errors alone; SQL is loaded when a database is
opened.
"""

from dragoman.storage.errors import StorageError, Trouble
from dragoman.storage.records import (
    UNTITLED,
    Changes,
    Conversation,
    Listed,
    Mishap,
    Node,
    Outcome,
    Page,
    State,
    StoredMessage,
    Thread,
    Timing,
    Wishes,
)

__all__ = [
    "UNTITLED",
    "Changes",
    "Conversation",
    "Listed",
    "Mishap",
    "Node",
    "Outcome",
    "Page",
    "State",
    "StorageError",
    "StoredMessage",
    "Thread",
    "Timing",
    "Trouble",
    "Wishes",
]
