"""The local target really starts Ray, privately, and leaves nothing behind."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.config import ClusterConfig
from cluster.devices import cpu_count
from cluster.errors import ClusterError
from cluster.session import Session
from cluster.targets import connect
from cluster.targets.local import importable, object_store_bytes, private_files

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = [ROOT / "cluster", ROOT / "trainables"]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    lonely = tmp_path_factory.mktemp("elsewhere") / "lonely"
    lonely.mkdir()
    (lonely / "__init__.py").write_text("word = 'found'\n")
    running = connect(ClusterConfig(), [*PACKAGES, lonely])
    yield running
    temp = running.temp
    running.close()
    running.close()
    assert temp is not None
    assert not temp.exists()


def test_a_remote_task_runs_with_our_packages(session: Session) -> None:
    import ray

    def where() -> tuple[str, str | None, str]:
        from importlib import import_module

        import cluster.placement

        word = import_module("lonely").word  # a package that only `packages` tells of
        return str(cluster.placement.__file__), os.environ.get("RAY_AUTH_MODE"), word

    file, mode, word = ray.get(ray.remote(where).remote(), timeout=60)
    assert Path(file).is_relative_to(ROOT)
    assert (mode, word) == ("token", "found")


def test_the_session_says_what_there_is(session: Session) -> None:
    assert session.resources()["CPU"] == cpu_count()
    assert session.resources()["memory"] > 0
    assert [node.node_id for node in session.nodes()] == [session.driver_node_id]


def test_files_are_private_and_the_umask_is_given_back(session: Session) -> None:
    os.umask(0o022)
    assert session.temp is not None
    assert stat.S_IMODE(session.temp.stat().st_mode) == 0o700
    with private_files():
        assert os.umask(0o077) == 0o077
    assert os.umask(0o022) == 0o022


def test_a_second_session_is_refused(session: Session) -> None:
    with pytest.raises(ClusterError, match="already connected"):
        connect(ClusterConfig(), PACKAGES)


def test_the_token_is_private_and_required(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".ray").mkdir(parents=True)
    (home / ".ray/auth_token").write_text("ef" * 32)
    (home / ".ray/auth_token").chmod(0o644)
    code = (
        "import os, ray\n"  # Ray first: its settings are read at import
        "from cluster.config import ClusterConfig; from cluster.targets import connect\n"
        "s = connect(ClusterConfig(), [])\n"
        "print(ray.get_runtime_context().gcs_address, flush=True); input(); s.close()\n"
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    environment = {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)}
    # else Ray's command line takes 127.0.0.1 for this machine's outer address: nothing is there
    environment["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    driver = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert driver.stdin is not None
    assert driver.stdout is not None
    address = driver.stdout.readline().strip()
    probe = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    codes = [
        subprocess.run(probe, env={**environment, **auth}, capture_output=True, check=False)
        for auth in (
            {"RAY_AUTH_MODE": "token"},
            {"RAY_AUTH_MODE": "disabled"},
            {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "ab" * 32},
        )
    ]
    driver.communicate("\n", timeout=30)
    assert [done.returncode == 0 for done in codes] == [True, False, False]
    assert stat.S_IMODE((home / ".ray/auth_token").stat().st_mode) == 0o600


def test_the_path_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for before in (None, "/some/where"):
        if before:
            monkeypatch.setenv("PYTHONPATH", before)
        else:
            monkeypatch.delenv("PYTHONPATH", raising=False)
        with importable([tmp_path / "one", tmp_path / "two"]):
            parts = os.environ["PYTHONPATH"].split(os.pathsep)
        assert parts == [str(tmp_path), *([before] if before else [])]
        assert os.environ.get("PYTHONPATH") == before


def test_the_object_store_fits_shared_memory(tmp_path: Path) -> None:
    assert object_store_bytes(tmp_path) <= 2**30
    assert object_store_bytes(tmp_path / "absent") == 2**30
