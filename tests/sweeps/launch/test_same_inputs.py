"""A run goes on only over what it began with, or says that it did not."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file, save_file

from analysis.best import changed
from analysis.runs import load_run
from analysis.tables import write_trials_csv
from medsweep.tables import print_changes
from sweeps.control.sweep import Sweep
from sweeps.launch.same_inputs import check_inputs
from sweeps.readiness import fingerprints
from sweeps.readiness.fingerprints import fingerprints_of
from sweeps.run_folder import inputs
from sweeps.run_folder.entry import Entry
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.errors import SpecError
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import TRIAL, make_checkpoint
from trainables.errors import InputError
from trainables.models.toy import make_toy


class Place:
    """A model folder, a data file, and a run folder of trials that end, are begun, or wait."""

    def __init__(self, root: Path) -> None:
        self.model, self.data, self.run = root / "model", root / "pairs.jsonl", root / "run"
        make_toy(self.model)
        self.data.write_text("".join(map(_line, range(20))))
        self.spec = SweepSpec.model_validate(
            {
                "name": "x",
                "trial": {
                    **TRIAL,
                    "model": {"name_or_path": str(self.model)},
                    "data": {"source": str(self.data), "limit": 10},
                },
                "search": {
                    "parameters": {"data.limit": {"values": [5, 10]}},
                    "sampler": "random",
                    "num_trials": 3,
                },
            }
        )

    def begin(self) -> None:
        sweep = self.sweep()
        found = fingerprints_of(sweep.spec, sweep.space, sweep.preparation)
        inputs.write_fingerprints(self.run, found)
        sweep.ledger.create("", self.spec.model_dump(mode="json"), {})
        for number, name in enumerate(("EXP-001", "EXP-002", "EXP-003"), 1):
            entry = Entry.of(name, number, self.spec.trial)
            sweep.ledger.open(entry)
            if number == 1:
                sweep.ledger.close(entry, {"trial": name, "state": "complete", "metrics": {}})
            if number == 2:
                sweep.ledger._save(entry, make_checkpoint(3, {}))

    def sweep(self) -> Sweep:
        return Sweep(self.spec, Ledger(self.run))

    def check(self, accepted: bool = False, retry_failed: bool = False) -> list[str]:
        said: list[str] = []
        check_inputs(self.sweep(), retry_failed, accepted, said.append)
        return said

    def refused(self) -> dict[str, str]:
        with pytest.raises(SpecError) as error:
            self.check()
        return {problem.field: str(problem) for problem in error.value.problems}


def _line(n: int) -> str:
    row = {"question": f"What is the dose of drug {n}?", "answer": f"It is {n} milligrams a day."}
    return json.dumps(row) + "\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.begin()
    return found


def grown(place: Place) -> str:
    with place.data.open("a") as stream:
        stream.write(_line(21))
    return f"data {place.data}"


def same_size(place: Place) -> str:
    place.data.write_text(place.data.read_text().replace("dose of drug 7", "dose of drug 8"))
    return f"data {place.data}"


def template(place: Place) -> str:
    path = place.model / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    settings["chat_template"] = "Now: " + settings["chat_template"]
    path.write_text(json.dumps(settings))
    return f"model {place.model}, a chat as its template writes it"


def middle_weight(place: Place) -> str:
    """As a merged adapter does: one matrix of a middle layer, the file's ends as they were."""
    path = place.model / "model.safetensors"
    weights = load_file(path)
    name = sorted(weights)[len(weights) // 2]
    weights[name] = weights[name] + torch.full_like(weights[name], 0.125)
    save_file(weights, path, metadata={"format": "pt"})
    return f"model {place.model}, weights"


def configuration(place: Place) -> str:
    path = place.model / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "rope_theta": 5.0}))
    return f"model {place.model}, configuration"


CHANGES = [grown, same_size, template, middle_weight, configuration]


def test_nothing_changed_nothing_said(place: Place) -> None:
    assert place.check() == []
    assert json.loads((place.run / inputs.FILE).read_text())["changes"] == []


@pytest.mark.parametrize("change", CHANGES)
def test_another_input_is_refused_with_what_changed(
    place: Place, change: Callable[[Place], str]
) -> None:
    before = (place.run / inputs.FILE).read_bytes()
    what = change(place)
    told = place.refused()
    assert what in told
    was = json.loads(before)["fingerprints"][what]
    assert inputs.short(was) in told[what]
    assert "--accept-changes" in told[what]
    assert (place.run / inputs.FILE).read_bytes() == before


def test_a_moved_file_is_no_other(place: Place) -> None:
    text = place.data.read_text()
    place.data.unlink()
    place.data.write_text(text)
    assert place.check() == []


def test_another_medsweep(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "own_version", lambda: "99.0")
    assert "is 99.0" in place.refused()["medsweep"]


def test_a_folder_of_an_earlier_version_goes_on(place: Place) -> None:
    (place.run / inputs.FILE).unlink()
    grown(place)
    assert place.check() == []
    assert not (place.run / inputs.FILE).exists()
    assert load_run(place.run).changes == ()


def test_a_finished_run_reads_nothing(place: Place) -> None:
    ledger = Ledger(place.run)
    for entry in ledger.entries():
        ledger.close(entry, {"trial": entry.trial, "state": "failed", "metrics": {}})
    grown(place)
    assert place.check() == []
    with pytest.raises(SpecError):
        place.check(retry_failed=True)


def test_what_was_accepted_is_said_in_every_table(place: Place) -> None:
    what = grown(place)
    assert what in place.check(accepted=True)[0]
    assert place.check() == []  # the next resume compares with what it went on with
    run = load_run(place.run)
    (caution,) = changed(run)
    assert what in caution
    assert "before it: EXP-001; across it: EXP-002; after it: EXP-003" in caution
    with write_trials_csv(run).open(newline="") as stream:
        assert [row["inputs"] for row in csv.DictReader(stream)] == ["0", "0-1", "1"]
    console = Console(record=True, width=1000, file=io.StringIO())
    print_changes(console, run)
    assert caution in console.export_text()
    template(place)
    place.check(accepted=True)
    assert len(changed(load_run(place.run))) == 2


def test_a_file_that_changes_while_the_sweep_runs(place: Place) -> None:
    preparation = place.sweep().preparation
    preparation.data(place.spec.trial)
    grown(place)
    data = place.spec.trial.data.model_copy(update={"limit": 5})
    with pytest.raises(InputError, match="has changed since this sweep first read it"):
        preparation.data(place.spec.trial.model_copy(update={"data": data}))


def test_each_data_file_is_read_once_whatever_varies(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainables.data.sources import files

    read: list[Any] = []
    whole = files.file_sha256
    monkeypatch.setattr(files, "file_sha256", lambda path: (read.append(path), whole(path))[1])
    sweep = place.sweep()
    fingerprints_of(sweep.spec, sweep.space, sweep.preparation)
    assert read == [place.data]
