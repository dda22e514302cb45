"""Joining an existing cluster: two raylets on loopback, and every way of being refused."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.config import ClusterConfig
from cluster.errors import ClusterError
from cluster.own_modules import SHIPPED, OwnModules
from cluster.session import Session
from cluster.targets import connect
from tests.raylets import WORKER, TwoRaylets, _forget_token, as_driver, free_port, two_raylets
from trainables.rewards import own

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = [ROOT / "cluster", ROOT / "trainables"]


@pytest.fixture(scope="module")
def raylets() -> Iterator[TwoRaylets]:
    with two_raylets() as running, as_driver(running):
        yield running


@pytest.fixture(scope="module")
def session(raylets: TwoRaylets, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("spec")
    (folder / "nc_far.py").write_text("def good(prompts, completions, **columns): ...\n")
    there = own.origin_of(["nc_far:good"], folder)._replace(folder=SHIPPED)
    modules = OwnModules(folder, {own.VARIABLE: own.written(there)})
    joined = connect(ClusterConfig(target="ray", address=raylets.address), PACKAGES, modules)
    yield joined
    joined.close()


def test_both_nodes_count(session: Session) -> None:
    assert session.resources()["CPU"] == 2
    assert [node.address for node in session.nodes()][1] == WORKER
    assert session.nodes()[0].node_id == session.driver_node_id


def test_own_rewards_are_found_on_the_other_node(session: Session, raylets: TwoRaylets) -> None:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def found() -> str:
        import inspect

        from trainables.rewards.own import function_named

        return str(inspect.getfile(function_named("nc_far:good")))

    other = session.nodes()[1].node_id
    strategy = NodeAffinitySchedulingStrategy(other, soft=False)
    task = ray.remote(found).options(scheduling_strategy=strategy)
    file = Path(ray.get(task.remote(), timeout=60))
    assert file.name == "nc_far.py"
    assert file.is_relative_to(raylets.worker_folder)


def test_the_other_node_imports_what_ray_carried(session: Session, raylets: TwoRaylets) -> None:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def where() -> tuple[str, str, str, list[str]]:
        import sys

        import cluster.placement
        import trainables

        node = ray.get_runtime_context().get_node_id()
        return node, str(cluster.placement.__file__), str(trainables.__file__), sys.path

    other = session.nodes()[1].node_id
    strategy = NodeAffinitySchedulingStrategy(other, soft=False)
    task = ray.remote(where).options(scheduling_strategy=strategy)
    node, *modules, path = ray.get(task.remote(), timeout=60)
    assert node == other
    assert all(Path(module).is_relative_to(raylets.worker_folder) for module in modules)
    driver_paths = {str(Path.cwd()), str(Path(sys.argv[0]).resolve().parent)}
    carried = path.index(str(Path(modules[0]).parents[1]))
    assert not driver_paths & set(path[:carried])


def test_an_address_where_nothing_listens() -> None:
    started = time.monotonic()
    with pytest.raises(ClusterError, match="nothing answers there") as caught:
        connect(ClusterConfig(target="ray", address=f"127.0.0.1:{free_port()}"), PACKAGES)
    assert caught.value.field == "cluster.address"
    assert time.monotonic() - started < 6


@pytest.mark.parametrize("address", [None, "", "nonsense", "ray://head:10001", "head:port"])
def test_an_address_that_is_none(address: str | None) -> None:
    with pytest.raises(ClusterError, match="HOST:PORT"):
        connect(ClusterConfig(target="ray", address=address), PACKAGES)


def _connect_elsewhere(address: str, environment: dict[str, str]) -> str:
    """Connect in a process of its own (Ray reads mode and token once); what it printed."""
    code = (
        "import sys; from cluster.config import ClusterConfig\n"
        "from cluster.targets import connect\n"
        "try: connect(ClusterConfig(target='ray', address=sys.argv[1]), [])\n"
        "except Exception as e: print(type(e).__name__, e)\n"
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-c", code, address],
        env={**kept, **environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_a_wrong_token_is_refused(raylets: TwoRaylets, tmp_path: Path) -> None:
    wrong = {"RAY_AUTH_TOKEN": "ab" * 32, "HOME": str(tmp_path)}
    answer = _connect_elsewhere(raylets.address, wrong)
    assert answer.startswith("ClusterError")
    assert "refuses this machine's token" in answer
    assert "abab" not in answer


def test_a_missing_token_is_said(raylets: TwoRaylets, tmp_path: Path) -> None:
    answer = _connect_elsewhere(raylets.address, {"HOME": str(tmp_path)})
    assert answer.startswith("ClusterError")
    assert "has no token" in answer
    assert not (tmp_path / ".ray").exists()


def test_something_that_is_not_ray(raylets: TwoRaylets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.targets.ray.PROBE_SECONDS", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ClusterError, match="no Ray cluster answers there"):
            connect(ClusterConfig(target="ray", address=address), PACKAGES)


def test_an_open_cluster_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from cluster.targets import ray as target

    monkeypatch.setenv("RAY_AUTH_TOKEN", "ab" * 32)
    monkeypatch.setattr(target, "_probe", lambda address, mode: None)
    with pytest.raises(ClusterError, match="takes commands from anybody"):
        target._check_token("head:6379")
    _forget_token()
