"""A folder is there whole, or not at all."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.whole_folder import DRAFT, occupied, whole_folder

WRITES = """
import os, sys, time
from pathlib import Path
from analysis.whole_folder import whole_folder
if len(sys.argv) > 2:
    os.chdir(sys.argv[2])
with whole_folder(Path(sys.argv[1])) as draft:
    (draft / "half").write_text("half")
    print("half", flush=True)
    time.sleep(60)
"""


def names(folder: Path) -> list[str]:
    """All that lies in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


def killed(target: Path, *working: Path) -> None:
    """Kill a process that writes there, when it is half done."""
    command = [sys.executable, "-c", WRITES, str(target), *map(str, working)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path.cwd()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("there", [False, True])
def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path, there: bool) -> None:
    target = tmp_path / "out"
    if there:
        target.mkdir()
    killed(target)
    assert not target.exists() or not names(target)
    with whole_folder(target) as draft:
        (draft / "whole").write_text("whole")
    assert (names(tmp_path), names(target)) == (["out"], ["whole"])


def test_the_working_directory_is_filled_and_stays_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    killed(here, here)
    assert names(here)
    assert not occupied(here)  # nothing but a dead draft
    monkeypatch.chdir(here)
    with whole_folder(Path()) as draft:
        (draft / "whole").write_text("whole")
    assert names(Path()) == ["whole"]  # by its relative name: the folder itself was filled


def test_nothing_of_anybody_else_is_removed(tmp_path: Path) -> None:
    mine = tmp_path / f"{DRAFT}out-of-my-own"  # a file, though it is called like a draft
    mine.write_text("mine")
    target = tmp_path / "out"
    with whole_folder(target) as draft, whole_folder(tmp_path / "other") as second:
        assert second.exists()
        with whole_folder(tmp_path / "third"):
            assert draft.exists()  # that of a process that lives
        (draft / "whole").write_text("whole")
    assert mine.read_text() == "mine"
    assert names(target) == ["whole"]


@pytest.mark.parametrize("within", [False, True])
def test_what_comes_there_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, within: bool
) -> None:
    target = tmp_path / "out"
    target.mkdir()
    if within:
        monkeypatch.chdir(target)

    def write() -> None:
        with whole_folder(target) as draft:
            (draft / "whole").write_text("whole")
            (target / "mine").write_text("mine")

    with pytest.raises(FileExistsError):
        write()
    assert (names(tmp_path), names(target)) == (["out"], ["mine"])


def test_a_new_folder_has_the_usual_permissions(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "a" / "out") as draft:
        (draft / "whole").write_text("whole")
    usual = tmp_path / "usual"
    usual.mkdir()
    assert (tmp_path / "a" / "out").stat().st_mode == usual.stat().st_mode


def test_folders_made_for_it_go_with_it(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "a" / "b" / "out"):
        raise ZeroDivisionError
    assert names(tmp_path) == []


def test_occupied(tmp_path: Path) -> None:
    assert not occupied(tmp_path / "absent")
    assert not occupied(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert occupied(tmp_path / "link")
    assert occupied(tmp_path)
