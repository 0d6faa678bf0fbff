"""Room for the descriptors of connections, made before the first rush of them.

Linux doubles a process's table of descriptors when it is full, and lets a process that has threads
wait until no processor looks at the old one: some 20 ms each time, in which nobody is answered.
https://github.com/torvalds/linux/blob/v6.12/fs/file.c (`expand_fdtable`)
"""

import fcntl
import os
import resource
from contextlib import suppress
from typing import Final

ROOM: Final = 8192
"""Descriptors there is room for: two for each connection that a server takes. 64 KiB."""


def make_room(descriptors: int = ROOM) -> None:
    """Let the table grow once, to as many as the process may have; it never shrinks.

    A process that is forked begins with a small one again.
    """
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY:
        descriptors = min(descriptors, allowed)
    with suppress(OSError):  # then it grows when it must
        reading, writing = os.pipe()
        try:
            os.close(fcntl.fcntl(reading, fcntl.F_DUPFD_CLOEXEC, descriptors - 1))
        finally:
            os.close(reading)
            os.close(writing)
