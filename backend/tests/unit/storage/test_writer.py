"""The writing thread: together, in order, each for itself."""

import threading
from concurrent.futures import CancelledError, wait
from contextlib import closing

import pytest
from sqlalchemy import event, text

from dragoman.storage.errors import StorageError, Trouble
from dragoman.storage.reader import Reader
from dragoman.storage.sqlite import library, writing_engine
from dragoman.storage.writer import TOGETHER, Writer

# Two builds of SQLite in one process would undo each other's locks.
sqlite3 = library()
TABLE = "CREATE TABLE notes (note TEXT NOT NULL)"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "notes.db"


@pytest.fixture
def engine(path):
    engine = writing_engine(path, busy=0.2)
    with engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
    yield engine
    engine.dispose()


@pytest.fixture
def commits(engine):
    """Counts the commits."""
    counted = []
    event.listen(engine, "commit", counted.append)
    return counted


@pytest.fixture
def writer(engine, path):
    writer = Writer(engine, path)
    writer.start()
    yield writer
    writer.close()


def note(words):
    def job(connection):
        connection.execute(text("INSERT INTO notes VALUES (:note)"), {"note": words})
        return words

    return job


def notes(path):
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT note FROM notes")]


class Gate:
    """A job that holds the writer up until it is opened."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._open = threading.Event()

    def __call__(self, connection) -> None:
        self._reached.set()
        assert self._open.wait(10)

    def wait(self):
        assert self._reached.wait(10)

    def open(self):
        self._open.set()


def test_a_job_is_on_the_disk_when_its_future_is_done(writer, path):
    assert writer.submit(note("one")).result(5) == "one"
    assert notes(path) == ["one"]


def test_what_waits_together_is_committed_together_and_in_order(writer, path, commits):
    gate = Gate()
    first = writer.submit(gate)
    gate.wait()
    futures = [writer.submit(note(str(number))) for number in range(TOGETHER + 10)]
    gate.open()
    wait([first, *futures], 10)

    assert notes(path) == [str(number) for number in range(TOGETHER + 10)]
    assert len(commits) == 2


def test_a_job_that_raises_fails_alone(writer, path):
    def half(connection):
        note("never")(connection)
        raise KeyError("mistake")

    gate = Gate()
    writer.submit(gate)
    gate.wait()
    before, bad, after = (writer.submit(job) for job in (note("a"), half, note("b")))
    gate.open()

    assert (before.result(5), after.result(5)) == ("a", "b")
    with pytest.raises(KeyError):
        bad.result(5)
    assert notes(path) == ["a", "b"]
    assert writer.trouble is None


def test_a_job_that_nobody_wants_any_more_is_left_undone(writer, path):
    gate = Gate()
    writer.submit(gate)
    gate.wait()
    unwanted = writer.submit(note("unwanted"))
    assert unwanted.cancel()
    wanted = writer.submit(note("wanted"))
    gate.open()
    wanted.result(5)

    assert notes(path) == ["wanted"]
    with pytest.raises(CancelledError):
        unwanted.result(0)


def test_closing_does_what_waits_and_takes_nothing_more(engine, path):
    writer = Writer(engine, path)
    writer.start()
    futures = [writer.submit(note(str(number))) for number in range(50)]
    writer.close()

    assert all(future.done() for future in futures)
    assert len(notes(path)) == 50
    with pytest.raises(StorageError) as refused:
        writer.submit(note("late"))
    assert refused.value.trouble is Trouble.UNAVAILABLE


def test_a_lock_held_by_another_program_ends_in_words_for_all_who_wait(writer, path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    futures = [writer.submit(note(str(number))) for number in range(5)]

    for future in futures:
        with pytest.raises(StorageError) as refused:
            future.result(5)
        assert refused.value.trouble is Trouble.BUSY
        assert refused.value.retry_after
    assert writer.trouble is Trouble.BUSY

    other.execute("ROLLBACK")
    other.close()
    assert writer.submit(note("later")).result(5) == "later"
    assert writer.trouble is None
    assert notes(path) == ["later"]


def test_the_log_does_not_grow_without_end(engine, path):
    writer = Writer(engine, path, long_log=1 << 20)
    writer.start()
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM notes").fetchall()  # keeps the log as it is
        for _ in range(40):
            writer.submit(note("x" * 100_000)).result(5)
        assert writer.log_bytes > 3 << 20
        reader.execute("COMMIT")
    writer.tend_log(now=1e9)
    assert writer.log_bytes == 0
    writer.close()


def test_a_query_that_takes_too_long_is_ended(engine, path):
    reader = Reader(path, patience=0.05)
    forever = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        SELECT count(*) FROM n"""
    try:
        with pytest.raises(StorageError) as ended:
            reader.submit(lambda connection: connection.exec_driver_sql(forever).all()).result(10)
        assert ended.value.trouble is Trouble.BUSY
        assert reader.submit(lambda c: c.exec_driver_sql("SELECT 1").scalar()).result(5) == 1
    finally:
        reader.close()


def test_a_reader_cannot_write(engine, path):
    reader = Reader(path)
    try:
        with pytest.raises(StorageError) as refused:
            reader.submit(note("sneaky")).result(5)
        assert refused.value.trouble is Trouble.READONLY
    finally:
        reader.close()
    assert notes(path) == []
