"""Where conversations and responses are kept: values here, the database in `storage.database`.

Whoever imports this package gets the values and the errors alone; SQL is loaded when a database is
opened.
"""

from dragoman.storage.errors import StorageError, Trouble
from dragoman.storage.records import (
    UNTITLED,
    Changes,
    Conversation,
    KeptResponse,
    Listed,
    Mishap,
    Node,
    Outcome,
    Page,
    State,
    Step,
    StoredMessage,
    Thread,
    Timing,
    Wishes,
)

__all__ = [
    "UNTITLED",
    "Changes",
    "Conversation",
    "KeptResponse",
    "Listed",
    "Mishap",
    "Node",
    "Outcome",
    "Page",
    "State",
    "Step",
    "StorageError",
    "StoredMessage",
    "Thread",
    "Timing",
    "Trouble",
    "Wishes",
]
