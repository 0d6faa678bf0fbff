"""A request that another worker has to answer: handed over as it came, answered as it is told.

    client ⇄ Gateway ⇄ frames on a Unix socket ⇄ Owner ⇄ the application that keeps things

What is stored, and what runs beside a server, is with one worker, the owner. The others answer what
needs none of it by themselves, and hand over the rest.
"""

from .gateway import Gateway
from .link import Link, LinkBrokenError, LinkRefusedError
from .owner import Owner
from .tally import Tally

__all__ = ["Gateway", "Link", "LinkBrokenError", "LinkRefusedError", "Owner", "Tally"]
