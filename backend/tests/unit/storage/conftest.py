"""A database in a folder of its own."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from dragoman.storage.database import Database, open_database
from dragoman.storage.migrate import migrate
from dragoman.storage.sqlite import writing_engine


@pytest.fixture
def engine(tmp_path) -> Iterator[Engine]:
    """An engine on an empty database with its tables."""
    path = tmp_path / "dragoman.db"
    engine = writing_engine(path)
    migrate(engine, path)
    yield engine
    engine.dispose()


@pytest.fixture
def database(tmp_path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened
