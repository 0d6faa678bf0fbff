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
    """Allow this process so many descriptors, as far as the system does, and make room for them.

    Shells allow 1024 as a rule, for programs that are older than `poll`. The table never shrinks; a
    process that is forked begins with a small one again.
    """
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY:
        descriptors = min(descriptors, most)
    with suppress(OSError, ValueError):  # then it grows when it must, as far as it may
        if allowed != resource.RLIM_INFINITY and allowed < descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, most))
        reading, writing = os.pipe()
        try:
            os.close(fcntl.fcntl(reading, fcntl.F_DUPFD_CLOEXEC, descriptors - 1))
        finally:
            os.close(reading)
            os.close(writing)
