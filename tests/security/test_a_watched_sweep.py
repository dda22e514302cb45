"""A sweep of private rows, watched from outside: files, ports, secrets, rows."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.planted import Watched, contents, holders, watched

CANARY = "zebrafinch"  # in every private row
SETTINGS = (
    "search.num_trials=2",
    "trial.training.max_steps=4",
    "trial.evaluation.limit=4",
    "trial.evaluation.max_new_tokens=8",
    "trial.data.private=true",
    "search.parameters={lora.r: {values: [2, 4]}}",
    "search.baselines={}",
    "search.early_stopping=null",
    "tracking={wandb: {mode: offline}, tensorboard: true}",
    "limits.min_training_rows=1",
    "cluster.trials_per_gpu=2",  # packed; isolated engines: test_private_rows.py
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    root = tmp_path_factory.mktemp("w")
    rows = root / "rows.jsonl"
    ends = ("sore throat", "fever", "cough", "rash", "headache", "nausea", "pain", "fatigue")
    rows.write_text(
        "".join(
            json.dumps(
                {"question": f"{CANARY}{i} has {end}?", "answer": f"Give {CANARY}{i} {end} rest."}
            )
            + "\n"
            for i in range(8)
            for end in ends
        )
    )
    asked = (f"trial.data.source={rows}", *SETTINGS)
    return watched(root, "run", "toy", *(w for setting in asked for w in ("--set", setting)))


def test_files_are_their_owners_alone_whatever_the_umask(run: Watched) -> None:
    made = [run.folder, *run.folder.rglob("*"), *(run.root / "cache").rglob("*")]
    made += [run.root / "runs", run.root / "cache"]
    wide = {str(p): oct(p.lstat().st_mode) for p in made if not _closed(p)}
    assert len(made) > 30
    assert wide == {}


def test_no_secret_of_the_environment_is_written_down(run: Watched) -> None:
    assert any(name.endswith("runtime_env_agent.log") for name in run.seen)
    assert any(name.startswith("ps ") for name in run.seen)
    found = {secret: holders(run, secret) for secret in run.secrets}
    assert {secret: places for secret, places in found.items() if places} == {}


def test_private_rows_are_nowhere(run: Watched) -> None:
    assert holders(run, CANARY) == []


def test_no_port_is_open_to_other_machines(run: Watched) -> None:
    assert run.ports
    assert {address for address, _ in run.ports} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_no_process_would_leave_a_core_dump(run: Watched) -> None:
    assert run.cores == {0}


def test_no_pickle_is_left(run: Watched) -> None:
    names = [p.name for p in contents(run.folder, run.root / "cache")]
    assert [n for n in names if n.endswith((".pkl", ".pt", ".bin", ".pickle", ".joblib"))] == []
    starts = [p for p in contents(run.folder) if p.read_bytes()[:2] in (b"\x80\x04", b"\x80\x05")]
    assert starts == []


def _closed(path: Path) -> bool:
    if path.is_symlink():
        return True  # its target counts
    return not stat.S_IMODE(path.stat().st_mode) & 0o077
