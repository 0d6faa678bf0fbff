"""Whether the recordings are here, and all of them."""

import os

import pytest

from .cases import RECORDINGS
from .recordings import REQUIRED, VARIABLE, corpus_folder


def test_the_recorded_exchanges_are_here():
    if corpus_folder(os.environ) is None:
        missing = f"{VARIABLE} does not say where the recorded exchanges are"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(missing)
        pytest.skip(missing)

    assert len(RECORDINGS) == 702
