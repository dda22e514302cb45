"""What cannot be confirmed is told where the spec is read, and by the verb too."""

import json
from pathlib import Path

import pytest

from sweeps.confirmation.checks import check_confirmable
from sweeps.reading.loading import load_spec
from sweeps.spec.confirm import ConfirmConfig
from sweeps.spec.errors import SpecError

FOLDS = ["trial.data.folds=2", "search.parameters.data.fold.values=[1, 2]"]
OWN = ["trial.data={source: all.jsonl, validation: dev.jsonl}"]


@pytest.mark.parametrize(
    ("change", "config", "field", "said"),
    [
        (FOLDS, "{top: 2}", "confirm", "search.seeds: 3"),
        (OWN, "{vary: [seed, split]}", "confirm.vary", "Write vary: [seed]"),
    ],
)
def test_refused(
    change: list[str],
    config: str,
    field: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("all.jsonl", "dev.jsonl"):
        row = {"question": f"What is {name}?", "answer": "A file of rows."}
        (tmp_path / name).write_text(json.dumps(row) + "\n")
    with pytest.raises(SpecError) as caught:
        load_spec("toy", [*change, f"confirm={config}"])
    assert [p.field for p in caught.value.problems] == [field]
    assert said in str(caught.value)
    spec = load_spec("toy", change).spec
    section = ConfirmConfig.model_validate({"vary": ["seed", "split"]})
    with pytest.raises(SpecError, match=field):
        check_confirmable(spec, section)


@pytest.mark.parametrize("vary", ["[]", "[split]", "[seed, seed]", "[order]"])
def test_the_seed_varies_always(vary: str) -> None:
    with pytest.raises(SpecError, match=r"confirm\.vary"):
        load_spec("toy", [f"confirm={{vary: {vary}}}"])


def test_without_the_section_nothing_is_written_of_it() -> None:
    assert "confirm" not in load_spec("toy").spec.model_dump(mode="json")
    assert "validation_seed" not in load_spec("toy").spec.model_dump(mode="json")["trial"]["data"]
