"""Where a folder lies: SQLite's log needs memory that is shared, which no network offers."""

from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")

# "WAL does not work over a network filesystem": https://www.sqlite.org/wal.html
_REMOTE: Final = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    }
)


def remote_kind(folder: Path, mountinfo: str) -> str | None:
    """Give the kind of the network file system that `folder` lies on; `None` if it is local.

    `mountinfo` is the text of Linux's /proc/self/mountinfo (proc_pid_mountinfo(5)).
    """
    kind, longest = "", -1
    for line in mountinfo.splitlines():
        mount, _, source = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) < 5 or not source:
            continue
        point = Path(_unescaped(fields[4]))
        # A later mount lies over an earlier one on the same point.
        if folder.is_relative_to(point) and len(point.parts) >= longest:
            kind, longest = source.split(" ")[0], len(point.parts)
    return kind if kind in _REMOTE else None


def mounts() -> str:
    """Read how this system is mounted; empty where it does not tell."""
    try:
        return MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""


def _unescaped(point: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point
