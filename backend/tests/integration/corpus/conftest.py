"""Says in the reports which recording a test was about; `tally` counts them."""

import os
from collections.abc import Generator

import pytest

from .asides import Aside
from .recordings import Recording, corpus_folder
from .rows import Asked
from .tally import PLACE

# Without recordings there is nothing to collect but the one test that says so.
collect_ignore = (
    []
    if corpus_folder(os.environ)
    else [
        "test_counts.py",
        "test_cuts.py",
        "test_cuts_told.py",
        "test_errors.py",
        "test_known_failures.py",
        "test_laws.py",
        "test_rows.py",
        "test_translations.py",
        "test_vectors.py",
    ]
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    params = item.callspec.params if hasattr(item, "callspec") else {}
    recording = params.get("recording", params.get("asked"))
    if isinstance(recording, Recording | Asked | Aside):
        place = (recording.provider, recording.kind, recording.name)
        report.user_properties.append((PLACE, place))
    return report
