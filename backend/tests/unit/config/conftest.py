"""The folder that a test of the configuration writes its files to."""

from pathlib import Path

import pytest

from .folder import ConfigurationFolder


@pytest.fixture
def folder(tmp_path: Path) -> ConfigurationFolder:
    return ConfigurationFolder(tmp_path)
