"""Whether this machine's processor can run the local model: it shows only when it is too late."""

import re
from pathlib import Path
from typing import Final

from dragoman.services.providers.local_engine import OLD_PROCESSOR

FACTS: Final = Path("/proc/cpuinfo")
"""Where Linux tells what its processors can."""


def complaint_about_processor(facts: Path = FACTS) -> str | None:
    """Say if the processor is too old for the local engine; `None` also where nobody knows."""
    try:
        flags = re.search(r"^flags\s*:(.*)$", facts.read_text(), re.MULTILINE)
    except OSError:
        return None
    # Only Intel's and AMD's are told of in this way; the builds for others ask for nothing special.
    if flags is None or {"avx2", "fma"} <= set(flags[1].split()):
        return None
    return OLD_PROCESSOR
