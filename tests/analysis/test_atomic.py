"""Files appear whole or not at all."""

from pathlib import Path

import pytest

from analysis.atomic import write_text


def test_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write_text(path, "one\n")
    write_text(path, "two – ü\n")
    assert path.read_bytes() == "two – ü\n".encode()
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o400


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
