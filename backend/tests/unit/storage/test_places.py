"""Where a database may lie, who holds it, and whether somebody cut its log."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from dragoman.storage.errors import StorageError, Trouble
from dragoman.storage.filesystem import mounts, remote_kind
from dragoman.storage.locks import FileLock, boot
from dragoman.storage.log_file import is_cut
from dragoman.storage.sqlite import complaint_about, judge, library, reading_engine

MOUNTED = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home rw,relatime shared:2 - nfs4 server:/home rw,vers=4.2
31 30 8:2 / /home/me/disk rw - ext4 /dev/sdb1 rw
32 22 0:41 / /mnt/with\\040space rw - cifs //server/share rw
33 22 0:42 / /over rw - nfs server:/over rw
34 22 0:43 / /over rw - tmpfs tmpfs rw
not a line of mounts
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/data", None),
        ("/home/me/data", "nfs4"),
        ("/home/me/disk/data", None),
        ("/homely", None),
        ("/mnt/with space/data", "cifs"),
        ("/over/there", None),
    ],
)
def test_a_folder_on_the_network_is_told_by_the_mount_it_lies_on(folder, kind):
    assert remote_kind(Path(folder), MOUNTED) == kind


def test_where_nothing_is_known_of_mounts_nothing_is_refused():
    assert remote_kind(Path("/anywhere"), "") is None


def test_this_machines_own_mounts_can_be_read():
    assert " - " in mounts()


def test_a_lock_is_for_one_holder_and_ends_with_it(tmp_path):
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")

    assert first.acquire(wait=False)
    assert not second.acquire(wait=False)
    first.release()
    assert second.acquire(wait=False)
    second.release()


def test_a_lock_ends_with_a_process_that_is_killed(tmp_path):
    code = """
import sys, time
from pathlib import Path
from dragoman.storage.locks import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.acquire(wait=False)
lock.sign()
print("locked", flush=True)
time.sleep(60)
"""
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        lock = FileLock(path)
        assert not lock.acquire(wait=False)
        assert lock.signature() == (str(holder.pid), boot())
        holder.kill()
    assert lock.acquire(wait=False)
    lock.release()


def test_a_lock_is_not_passed_on_to_a_child(tmp_path):
    lock = FileLock(tmp_path / "lock")
    lock.acquire(wait=False)
    with subprocess.Popen(["sleep", "60"]) as child:
        lock.release()
        again = FileLock(tmp_path / "lock")
        assert again.acquire(wait=False)
        again.release()
        child.kill()


def test_the_signature_of_nobody_is_empty(tmp_path):
    assert FileLock(tmp_path / "none").signature() == ("", "")


KILLED = """
import os, sys
from dragoman.storage.sqlite import library
connection = library().connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("CREATE TABLE notes (note)")
for number in range(50):
    connection.execute("INSERT INTO notes VALUES (?)", ("x" * 500,))
    if number == 20 and "--checkpoint" in sys.argv:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
if "--all" in sys.argv:
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
os._exit(9)
"""


def killed(path: Path, *options: str) -> Path:
    """Leave a database as a process that was killed leaves it."""
    subprocess.run([sys.executable, "-c", KILLED, path, *options], check=False)
    return path


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


@pytest.mark.parametrize("options", [(), ("--checkpoint",), ("--all",)])
def test_a_log_as_a_killed_process_leaves_it_is_whole(tmp_path, options):
    assert not is_cut(killed(tmp_path / "notes.db", *options))


def test_a_log_that_somebody_cut_is_missed(tmp_path):
    path = killed(tmp_path / "notes.db")
    for size in (log_of(path).stat().st_size - 1, 5000, 32, 10, 0):
        os.truncate(log_of(path), size)
        assert is_cut(path), size
    log_of(path).unlink()
    assert is_cut(path)


def test_a_log_of_another_time_is_missed(tmp_path):
    path = killed(tmp_path / "notes.db")
    content = bytearray(log_of(path).read_bytes())
    content[16:24] = b"othersal"
    log_of(path).write_bytes(content)
    assert is_cut(path)


def test_a_log_whose_frames_are_all_in_the_database_is_not_missed(tmp_path):
    path = killed(tmp_path / "notes.db", "--all")
    log_of(path).unlink()
    assert not is_cut(path)


def test_without_an_index_or_with_a_torn_one_nothing_can_be_said(tmp_path):
    path = killed(tmp_path / "notes.db")
    index = path.with_name(f"{path.name}-shm")
    log_of(path).unlink()
    whole = index.read_bytes()
    for torn in (whole[:99], whole[:20] + b"\xff" + whole[21:], bytes(len(whole)), b""):
        index.write_bytes(torn)
        assert not is_cut(path)
    index.unlink()
    assert not is_cut(path)


def test_a_killed_writers_database_can_be_read_on(tmp_path):
    path = killed(tmp_path / "notes.db")
    with closing(library().connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (50,)


def test_a_sqlite_with_a_known_fault_is_complained_of():
    assert complaint_about((3, 51, 3)) is None
    assert complaint_about((3, 60, 0)) is None
    assert "3.40.1" in str(complaint_about((3, 40, 1)))


def test_where_there_is_no_build_of_ours_pythons_own_has_to_do():
    assert library("no_such_module").__name__ == "sqlite3"
    assert library().sqlite_version_info >= (3, 51, 3)


class Failure(Exception):  # noqa: N818 - as the driver's are named
    """What a driver raises."""

    def __init__(self, code: int | None) -> None:
        self.sqlite_errorcode = code


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        (13, Trouble.FULL),
        (8, Trouble.READONLY),
        (1032, Trouble.READONLY),  # SQLITE_READONLY_DBMOVED
        (5, Trouble.BUSY),
        (261, Trouble.BUSY),  # SQLITE_BUSY_RECOVERY
        (6, Trouble.BUSY),
        (9, Trouble.BUSY),
        (11, Trouble.CORRUPT),
        (26, Trouble.CORRUPT),
        (14, Trouble.UNAVAILABLE),
        (10, Trouble.UNAVAILABLE),
        (1, None),
        (19, None),
        (None, None),
    ],
)
def test_what_the_driver_raises_stands_for_a_trouble_or_is_none(tmp_path, code, trouble):
    path = tmp_path / "notes.db"
    path.touch()
    path.with_name("notes.db-wal").touch()
    judged = judge(Failure(code), path)
    assert (judged and judged.trouble) == trouble


def test_a_file_that_is_gone_is_no_full_disk(tmp_path):
    judged = judge(Failure(10), tmp_path / "gone.db")
    assert judged is not None
    assert judged.trouble is Trouble.UNAVAILABLE


def test_a_trouble_stays_what_it_is(tmp_path):
    trouble = StorageError(Trouble.FULL)
    assert judge(trouble, tmp_path) is trouble


def test_what_people_said_stands_in_no_error(tmp_path):
    engine = reading_engine(killed(tmp_path / "notes.db"))
    with pytest.raises(Exception, match="near") as failed, engine.connect() as connection:
        connection.exec_driver_sql("SELECT ? FRM notes", ("a secret",))
    assert "a secret" not in str(failed.value)
    engine.dispose()
