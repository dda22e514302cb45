"""The cache folder and wheels in it; pip runs for real, on a folder instead of an index."""

import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trainables import cache
from trainables.cache import cache_dir, fetch_wheel, file_sha256, replacing, wheel_member
from trainables.errors import InputError

NAME = "medsweep_probe-1.0-py3-none-any.whl"
REQUIREMENT = "medsweep-probe==1.0"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes wheels from, holding one; no other index, an empty cache."""
    folder = tmp_path / "index"
    folder.mkdir()
    info = "medsweep_probe-1.0.dist-info"
    with zipfile.ZipFile(folder / NAME, "w") as archive:
        archive.writestr("medsweep_probe/data.txt", "content")
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: medsweep-probe\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_cache_dir_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "own"))
    assert cache_dir() == tmp_path / "own"
    monkeypatch.delenv("MEDSWEEP_CACHE")
    assert cache_dir() == tmp_path / "xdg" / "medsweep"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_dir() == tmp_path / ".cache" / "medsweep"


def test_a_wheel_is_fetched_once(index: Path) -> None:
    digest = file_sha256(index / NAME)
    first = fetch_wheel(REQUIREMENT, digest)
    (index / NAME).unlink()
    assert fetch_wheel(REQUIREMENT, digest) == first
    assert first.is_relative_to(cache_dir())
    assert file_sha256(first) == digest


def test_concurrent_callers_download_once(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = cache._pip_download

    def counted(requirement: str, dest: Path, field: str) -> None:
        calls.append(requirement)
        real(requirement, dest, field)

    monkeypatch.setattr(cache, "_pip_download", counted)
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: fetch_wheel(REQUIREMENT, None), range(4)))
    assert len(set(paths)) == 1
    assert calls == [REQUIREMENT]


def test_a_damaged_wheel_is_fetched_again(index: Path) -> None:
    digest = file_sha256(index / NAME)
    wheel = fetch_wheel(REQUIREMENT, digest)
    wheel.write_bytes(b"damaged")
    assert file_sha256(fetch_wheel(REQUIREMENT, digest)) == digest


def test_another_file_than_the_pinned_one_is_refused(index: Path) -> None:
    with pytest.raises(InputError, match="another file than the pinned one"):
        fetch_wheel(REQUIREMENT, "0" * 64)
    assert not list(cache_dir().rglob("*.whl"))


def test_offline_is_a_clear_error(index: Path) -> None:
    (index / NAME).unlink()
    with pytest.raises(InputError, match="could not download it: ERROR") as caught:
        fetch_wheel(REQUIREMENT, None, field="model.name_or_path")
    assert caught.value.field == "model.name_or_path"
    assert "pip config" in str(caught.value)


@pytest.mark.parametrize("requirement", ["probe", "probe>=1", "--index-url=x", "a==1 b==2", ""])
def test_only_a_pinned_wheel(requirement: str) -> None:
    with pytest.raises(InputError, match="not a pinned wheel"):
        fetch_wheel(requirement, None)


def test_member_is_extracted_whole(index: Path, tmp_path: Path) -> None:
    dest = tmp_path / "deep" / "data.txt"
    assert wheel_member(index / NAME, "medsweep_probe/data.txt", dest).read_text() == "content"
    assert [path.name for path in dest.parent.iterdir()] == ["data.txt"]


def test_missing_member_names_the_wheel(index: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=NAME):
        wheel_member(index / NAME, "nowhere.txt", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    dest = tmp_path / "file"
    dest.write_text("old")

    def fail_halfway() -> None:
        with replacing(dest) as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert dest.read_text() == "old"
    assert list(tmp_path.iterdir()) == [dest]
