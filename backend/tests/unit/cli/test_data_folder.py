"""The data folder: made for its owner, or refused in one line."""

import stat
from pathlib import Path

import pytest

from dragoman.cli.data_folder import DataFolderError, complaint, prepare


def test_a_new_folder_is_its_owners_alone(tmp_path):
    folder = tmp_path / "a" / "b"
    prepare(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_there_stays_as_it_is(tmp_path):
    (tmp_path / "kept").write_text("mine")
    before = stat.S_IMODE(tmp_path.stat().st_mode)
    prepare(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == before
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_file_in_its_place_is_told_of(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DataFolderError) as caught:
            prepare(folder)
        assert f"{tmp_path / 'file'} is a file" in str(caught.value)
        assert "DRAGOMAN_DATA_DIR" in str(caught.value)


def test_a_place_where_nothing_can_be_written_is_told_of():
    with pytest.raises(DataFolderError, match="cannot be written to") as caught:
        prepare(Path("/proc/dragoman"))  # not even root may
    assert "correct its permissions" in str(caught.value)


def test_a_complaint_makes_nothing(tmp_path):
    assert complaint(tmp_path / "new") is None
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    assert "is a file" in (complaint(tmp_path / "file") or "")
