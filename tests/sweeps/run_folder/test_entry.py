"""A trial as planned."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from sweeps.run_folder.entry import Entry, trial_name
from tests.sweeps.fakes import TRIAL
from trainables.kinds import trial_config


def test_an_entry_survives_config_json() -> None:
    entry = Entry("EXP-012", 12, {"kind": "sft"}, "Wide", {"lora.r": [1]}, "abc")
    assert Entry(**json.loads(json.dumps(entry.to_json()))) == entry


def test_folders() -> None:
    assert Entry("EXP-012", 12, {}).folder == "trials/EXP-012"
    base = Entry("abc", 0, {})
    assert base.is_base
    assert base.folder == "base/abc"


def test_names_are_in_order_of_suggestion() -> None:
    assert [trial_name(n) for n in (1, 12, 999, 1000)] == [
        "EXP-001",
        "EXP-012",
        "EXP-999",
        "EXP-1000",
    ]


def test_a_configuration_is_validated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "sweeps.run_folder.entry.trial_config", lambda c: read.append(c) or trial_config(c)
    )
    config = trial_config(TRIAL)
    made = Entry.of("EXP-001", 1, config, "Wide", {"lora.r": 8}, "abc")
    assert made.validated is config
    assert not read
    again = Entry(**json.loads(json.dumps(made.to_json())))
    assert again == made
    assert again.validated is again.validated
    assert again.validated == config
    assert len(read) == 1


def test_one_that_is_no_trial_is_kept_and_says_so_when_it_is_asked() -> None:
    entry = Entry("EXP-001", 1, {**TRIAL, "lora": {"r": 0}})
    assert entry.to_json()["config"]["lora"] == {"r": 0}
    with pytest.raises(ValidationError, match=r"lora\.r"):
        _ = entry.validated
