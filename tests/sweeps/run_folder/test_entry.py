"""A trial as planned."""

import json

from sweeps.run_folder.entry import Entry, trial_name


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
