"""Tokens: made once, private, taken from where Ray takes them."""

import stat
from pathlib import Path

import pytest

from cluster.tokens import ensure_private_token, has_token, write_private_token


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_token_is_made_once(home: Path) -> None:
    ensure_private_token(home / "unused")
    file = home / ".ray/auth_token"
    first = file.read_text()
    assert len(first) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    ensure_private_token(home / "unused")
    assert file.read_text() == first
    assert [p.name for p in file.parent.iterdir()] == ["auth_token"]


def test_an_open_or_empty_one_is_mended(home: Path) -> None:
    file = home / "t"
    home.mkdir()
    file.write_text("secret")
    file.chmod(0o644)
    write_private_token(file)
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("secret", 0o600)
    file.write_text("")
    write_private_token(file)
    assert len(file.read_text()) == 64


def test_a_home_that_cannot_be_written(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write_text("a file, not a folder")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "")
    ensure_private_token(tmp_path / "scratch")
    assert has_token()
    assert (tmp_path / "scratch/auth_token").exists()


def test_the_environments_token_is_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not has_token()
    monkeypatch.setenv("RAY_AUTH_TOKEN", "x")
    ensure_private_token(home)
    assert has_token()
    assert not home.exists()
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(home / "none"))
    assert not has_token()
