"""What a run ran on."""

import json
import subprocess
from pathlib import Path

import pytest

from sweeps.run_folder import environment


def test_it_is_json_and_names_the_versions() -> None:
    found = environment.describe_environment()
    text = json.dumps(found, allow_nan=False)
    assert found["packages"]["optuna"] == environment.version("optuna")
    assert found["cpus"] >= 1
    assert found["memory_gb"] > 0
    assert "hostname" in json.loads(text)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sweeps").mkdir()
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "sweeps/run_folder/environment.py"))
    return tmp_path


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def test_commit_and_diff_of_the_checkout(checkout: Path) -> None:
    git(checkout, "init", "-q")
    (checkout / "file").write_text("one\n")
    git(checkout, "add", "file")
    git(checkout, "commit", "-qm", "x", "--no-verify")
    clean = environment.describe_environment()["git"]
    assert len(clean["commit"]) == 40
    assert (clean["dirty"], clean["diff"]) == (False, "")
    (checkout / "file").write_bytes(b"two \xe9\xff\n")  # not UTF-8
    dirty = environment.describe_environment()["git"]
    assert dirty["dirty"]
    assert "+two" in dirty["diff"]
    json.dumps(dirty)


def test_no_checkout_no_git(checkout: Path) -> None:
    assert environment.describe_environment()["git"] is None


def test_nothing_of_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "s3cr3t-value-of-a-key")
    monkeypatch.setattr("sys.argv", ["/home/me/medsweep", "--token=s3cr3t-value-of-a-key"])
    found = environment.describe_environment()
    found.pop("git")
    assert "s3cr3t" not in json.dumps(found)
