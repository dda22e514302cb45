"""Files are whole or absent."""

import json
import os
from pathlib import Path

import pytest

from sweeps.run_folder.atomic import new_folder, write_bytes, write_json, write_text


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("before", [None, b"old"])
def test_a_failed_write_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, before: bytes | None
) -> None:
    path = tmp_path / "deep" / "file"
    if before is not None:
        write_bytes(path, before)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space"):
        write_bytes(path, b"new")
    assert (path.read_bytes() if path.exists() else None) == before
    assert [f for f in path.parent.iterdir() if f != path] == []


def test_the_bytes_are_on_the_disk_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, real=real, name=name: (calls.append(name), real(*a))[1]
        )
    write_bytes(tmp_path / "file", b"new")
    assert calls == ["fsync", "replace"]
    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_is_respected(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_bytes(tmp_path / "file", b"x")
    finally:
        assert os.umask(before) == mask
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_json_is_json(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"text": "naïve µg"})
    assert "naïve µg" in path.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"loss": float("nan")})
    assert json.loads(path.read_text()) == {"text": "naïve µg"}


def test_half_a_surrogate_pair_is_written_as_its_escape(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"error": "no file caf\udce9.jsonl"})
    assert json.loads(path.read_text(encoding="utf-8")) == {"error": "no file caf\udce9.jsonl"}


def test_text_that_is_no_unicode_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "one – ü\r\n")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \ud800")
    assert path.read_bytes() == "one – ü\r\n".encode()


def test_a_new_folder_takes_the_place_of_the_others_when_it_is_whole(tmp_path: Path) -> None:
    for text in ("first", "second"):
        with new_folder(tmp_path / "in", "step") as draft:
            (draft / "file").write_text(text)
            before = [folder.name for folder in (tmp_path / "in").glob("step*")]
    assert before == ["step"]  # until then it is what a reader finds
    (left,) = (tmp_path / "in").iterdir()
    assert (left.name, (left / "file").read_text()) == ("step-1", "second")
    assert left.name > "step"


def test_a_folder_that_is_not_filled_changes_nothing(tmp_path: Path) -> None:
    with new_folder(tmp_path, "step-1") as draft:
        (draft / "file").write_text("first")
    with pytest.raises(RuntimeError), new_folder(tmp_path, "step-2") as draft:
        raise RuntimeError
    assert [folder.name for folder in tmp_path.glob("step*")] == ["step-1"]


@pytest.mark.parametrize("linked", [False, True])
def test_only_earlier_ones_go(tmp_path: Path, linked: bool) -> None:
    folder = tmp_path / "checkpoint"
    if linked:
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    ours = ["step-00000001", "step-00000003-2", ".step-00000002", "step-123456789"]
    others = ["photos", "step-5", "step-00000001-mine", "old-step-00000001", ".git"]
    for name in ours + others:
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_text(name)
    (folder / "step-00000009").write_text("a file, no folder")
    with new_folder(folder, "step-00000004") as draft:
        (draft / "file").write_text("new")
    left = {path.name for path in folder.iterdir()}
    assert left == {*others, "step-00000004", "step-00000009"}


def test_a_draft_that_is_not_filled_goes(tmp_path: Path) -> None:
    def fill() -> None:
        with new_folder(tmp_path, "step-00000001") as draft:
            (draft / "file").write_text("half")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fill()
    assert list(tmp_path.iterdir()) == []
