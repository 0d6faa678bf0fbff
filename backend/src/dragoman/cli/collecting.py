"""When Python looks for rings of dead objects: seldom, and never among what stays."""

import gc
from typing import Final

THRESHOLDS: Final = (20_000, 10, 10)
"""Objects made and not yet freed before the youngest are looked at; rounds before older ones are.

A whole request leaves no rings behind, and a stream a few small ones: there is little to look for.
"""


def collect_seldom() -> None:
    """Set what was made so far apart, for good: modules, models, routes, tables."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
