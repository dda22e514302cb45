"""Files of a run folder that were cut off, emptied, overwritten or put in another's place: each is
told with what to do, before anything is written, and no verb ends in a traceback."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.decision import decided
from analysis.files import RunError
from analysis.runs import load_run
from sweeps.confirmation.asked import Asked
from sweeps.confirmation.results import results_of
from sweeps.launch.on_ray import refuse_damage
from sweeps.run_folder.damage import damage
from sweeps.run_folder.entry import Entry
from sweeps.run_folder.intruders import LARGEST
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.stage_store import StageStore, Stored
from sweeps.run_folder.weights import read_checkpoint, write_checkpoint
from sweeps.spec.errors import SpecError
from tests.analysis.verdict.runs import CLEAR, A, confirmed
from tests.sweeps.fakes import make_checkpoint
from tests.sweeps.run_folder.deaths import snapshot
from tests.sweeps.run_folder.test_before_rooms import FOLDERS

LEDGER = (
    f"trials/{A}/config.json",
    f"trials/{A}/record.json",
    f"trials/{A}/seeds/2/config.json",
    f"trials/{A}/seeds/2/record.json",
    "confirm.json",
    "fingerprints.json",
    "modules.json",
    "test.json",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = confirmed(tmp_path_factory.mktemp("damage") / "run", CLEAR)
    about = {"at": "2026-12-01", "changed": [], "ended": [], "begun": []}
    _write(folder / "fingerprints.json", {"fingerprints": {"data": "a"}, "changes": [about]})
    _write(folder / "modules.json", {"folder": "/elsewhere", "sha256": {"mine": "0"}})
    _write(folder / "test.json", {"measured": {}})
    return folder


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "run")


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")


def _set(field: str, value: Any) -> Callable[[Path], None]:
    """Give a file's field another value; None removes it."""

    def damaged(file: Path) -> None:
        content = json.loads(file.read_text())
        content[field] = value
        _write(file, {k: v for k, v in content.items() if k != field or v is not None})

    return damaged


def ways(file: Path) -> Iterator[bytes]:
    content = file.read_bytes()
    yield from (content[: len(content) * part // 16] for part in range(16))
    yield from (bytes(len(content)), b"[1]", b"\xff\xfe\x00", b"[" * 100_000, b'"' + content)


def test_a_whole_run_has_none(whole: Path) -> None:
    assert damage(whole) == []
    decided(whole)


@pytest.mark.parametrize("name", ["finished", "killed"])
def test_nor_has_one_of_an_earlier_version(name: str) -> None:
    assert damage(FOLDERS / name) == []


@pytest.mark.parametrize("name", LEDGER)
def test_each_way_is_told_with_its_file_and_nothing_is_written(run: Path, name: str) -> None:
    for content in ways(run / name):
        (run / name).write_bytes(content)
        before = snapshot(run)
        with pytest.raises(SpecError) as refused:
            refuse_damage(run)
        with pytest.raises(RunError, match=name):
            load_run(run)
        (told,) = refused.value.problems
        assert told.message.startswith(f"{run / name}: ")
        assert "a copy of the run folder" in told.message
        assert "delete" not in told.message
        assert snapshot(run) == before


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (f"trials/{A}/config.json", _set("trial", "../../evil"), "is of another trial ('../../ev"),
        (f"trials/{A}/config.json", _set("trial", "EXP-001"), "is of another trial ('EXP-001')"),
        (f"trials/{A}/config.json", _set("number", 1), "is of another trial (number 1)"),
        (f"trials/{A}/config.json", _set("number", 0), "is of another trial (number 0)"),
        (f"trials/{A}/config.json", _set("number", "4"), "'4' is no trial's number"),
        (f"trials/{A}/config.json", _set("config", None), "has no field 'config'"),
        (f"trials/{A}/config.json", _set("config", [1]), "are no objects"),
        (f"trials/{A}/config.json", _set("base", "../x"), "'../x' is no base model's key"),
        (f"trials/{A}/config.json", _set("label", 3), "its label is no text"),
        (f"trials/{A}/config.json", _set("tomorrow", 1), "this version of medsweep does not know"),
        (f"trials/{A}/config.json", Path.unlink, "is missing, although the trial was begun"),
        (f"trials/{A}/record.json", _set("state", "done"), "its state 'done' is none of complete"),
        (f"trials/{A}/record.json", _set("state", None), "its state None"),
        (f"trials/{A}/record.json", _set("trial", "EXP-001"), "is of another trial"),
        (f"trials/{A}/record.json", _set("metrics", [1]), "its metrics are no object"),
        (f"trials/{A}/record.json", _set("parameters", [1]), "its parameters are no object"),
        ("confirm.json", _set("pool", {A: "0.5"}), "'pool' holds no numbers"),
        (f"trials/{A}/record.json", _set("started", [3]), "its field 'started' is no text"),
        (f"trials/{A}/seeds/2/config.json", _set("trial", A), f"is of another trial ('{A}')"),
        ("confirm.json", _set("candidates", ["EXP-099"]), "a trial that is not there ('EXP-099')"),
        ("confirm.json", _set("candidates", "EXP-004"), "'candidates' is no list of names"),
        ("confirm.json", _set("seeds", "3"), "'seeds' is no number"),
        ("fingerprints.json", _set("changes", [{"at": 3}]), "its changes cannot be read"),
        ("fingerprints.json", _set("fingerprints", {"data": 3}), "no texts"),
    ],
)
def test_what_no_driver_wrote(
    run: Path, name: str, change: Callable[[Path], None], said: str
) -> None:
    change(run / name)
    assert said in "\n".join(damage(run))
    with pytest.raises(RunError):
        load_run(run)


def test_all_are_told_at_once(run: Path) -> None:
    for trial in ("EXP-001", "EXP-002"):
        (run / "trials" / trial / "record.json").write_text("")
    with pytest.raises(SpecError) as refused:
        refuse_damage(run)
    assert len(refused.value.problems) == 2


def test_a_folder_that_is_no_seed_s(run: Path) -> None:
    seed = run / "trials" / A / "seeds" / "2"
    shutil.copytree(seed, seed.with_name("copy"))
    assert "is in a folder whose name is no number of a seed" in damage(run)[0]


def test_a_record_set_aside_as_told_leaves_an_unfinished_trial(run: Path) -> None:
    record = run / "trials" / A / "record.json"
    record.write_text("")
    record.rename(record.with_name("record.damaged.json"))
    assert damage(run) == []
    assert load_run(run).find(A).state == "unfinished"


def test_a_value_that_is_no_number_counts_as_a_failed_seed(run: Path) -> None:
    _set("metrics", {"val_loss": "0.5"})(run / "trials" / A / "seeds" / "2" / "record.json")
    asked = Asked.read(run)
    assert asked is not None
    values = results_of(Ledger(run), asked).values
    assert (values[A, 1], values[A, 2]) == (0.6, None)
    decided(run)


def test_lines_that_are_none_are_left_out(tmp_path: Path) -> None:
    ledger, entry = Ledger(tmp_path), Entry("EXP-001", 1, {"kind": "sft"})
    ledger.open(entry)
    lines = [
        '{"step": 2}',
        "[3]",
        '{"step": 3, "rung": []}',
        "null",
        '{"step": "4"}',
        "\0\0\0",
        '{"loss": 1}',
        '{"step": 6',
    ]
    ledger.path(entry, "metrics.jsonl").write_text("\n".join(lines))
    assert ledger.metrics(entry) == [{"step": 2}]


def zeros(file: Path) -> None:
    """What a disk may give for the tensors: the header and the length are right."""
    content = file.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    file.write_bytes(content[:start] + bytes(len(content) - start))


@pytest.mark.parametrize("name", ["adapter.safetensors", "optimizer.safetensors"])
def test_the_checkpoint_before_a_corrupt_one_is_taken(tmp_path: Path, name: str) -> None:
    ledger, entry = Ledger(tmp_path), Entry("EXP-001", 1, {"kind": "sft"})
    for step in (2, 4):
        folder = ledger.path(entry, f"checkpoint/step-{step:08d}")
        folder.mkdir(parents=True)
        write_checkpoint(folder, make_checkpoint(step, {}))
    assert read_checkpoint(folder) == make_checkpoint(4, {})
    zeros(folder / name)
    found = ledger.checkpoint(entry)
    assert found is not None
    assert found.step == 2


@pytest.mark.parametrize("state", ["{}", '{"step": "4"}', "[]"])
def test_a_state_without_its_step_is_none(tmp_path: Path, state: str) -> None:
    write_checkpoint(tmp_path, make_checkpoint(4, {}))
    (tmp_path / "state.json").write_text(state)
    assert read_checkpoint(tmp_path) is None


@pytest.mark.parametrize(
    "about", ["{}", '{"reached": [1, 0]}', '{"reached": "x", "trial": "EXP-001"}', "["]
)
def test_a_stage_that_says_not_whose_it_is_counts_as_none(tmp_path: Path, about: str) -> None:
    store = StageStore(tmp_path)
    store.keep("key", Stored("EXP-001", make_checkpoint(4, {}), [], None))
    assert store.read("key") is not None
    next(tmp_path.rglob("stage.json")).write_text(about)
    again = StageStore(tmp_path)
    assert again.reached("key") == (0, 0)
    assert again.read("key") is None


@pytest.mark.parametrize("name", ["confirm.json", "test.json", "fingerprints.json"])
def test_what_is_too_large_to_be_one_is_not_read(run: Path, name: str) -> None:
    with (run / name).open("r+b") as stream:
        stream.truncate(LARGEST + 1)
    with pytest.raises(RunError, match="more than such a file ever has"):
        load_run(run)
