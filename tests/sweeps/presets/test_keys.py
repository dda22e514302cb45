"""What identifies data, stages and base models stays what it was: earlier run folders go on.

keys.json was written by the release before later fields left themselves out of what is hashed.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sweeps.readiness.preparation import base_key
from sweeps.reading.loading import load_spec
from trainables.data.components import components_of
from trainables.data.config import DataConfig
from trainables.data.keys import text_key
from trainables.data.pairs.config import PairsConfig
from trainables.kinds import TrialConfig
from trainables.staged.config import StagedConfig
from trainables.staged.shared import stage_keys

KEYS: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("keys.json").read_text())
SECTIONS: dict[str, Any] = {
    "own rows": DataConfig(source="a.jsonl", validation="b.jsonl", test=("c.jsonl", "d.jsonl")),
    "chats": DataConfig(source="a.jsonl", fields={"messages": "m", "system": "s"}),
    "last turns": DataConfig(source="a.jsonl", loss_turns="last", split_limit=9, limit=5),
    "spaces": DataConfig(source="a.jsonl", cleaning={"collapse_spaces": True}),
    "mixture": DataConfig(mixture=({"source": "a.jsonl"}, {"source": "b.jsonl", "test": "c.csv"})),
    "pairs": PairsConfig(source="a.jsonl", unseen=({"source": "b.jsonl"},)),
    "own pairs": PairsConfig(source="a.jsonl", validation="b.jsonl", split_limit="all"),
}

# the demo as that release had it: its trainings are shorter now
EARLIER = {
    "demo": [
        "trial.data.limit=120",
        "trial.data.split=[0.75, 0.20, 0.05]",
        "trial.lora.lora_dropout=0.05",
        "trial.training.max_steps=null",
        "trial.evaluation.every_epochs=0.5",
        "trial.evaluation.limit=12",
        "trial.evaluation.max_new_tokens=40",
    ]
}


def hashed(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def keys_of(trial: TrialConfig) -> dict[str, str]:
    rows = [t.data for t in trial.stage_trials if isinstance(t.data, DataConfig)]
    texts = [text_key(data, dict.fromkeys(components_of(data), "x")) for data in rows]
    found: dict[str, Any] = {
        "trial": trial.model_dump(mode="json"),
        "base": base_key(trial, "rows"),
        "text": texts,
    }
    if isinstance(trial, StagedConfig):
        found["stages"] = stage_keys(trial, "rows")
    return {name: hashed(content) for name, content in found.items()}


@pytest.mark.parametrize("preset", [name for name in KEYS if name not in SECTIONS])
def test_of_every_preset(preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainables.data.keys.FORMAT", 7)  # that of the release
    assert keys_of(load_spec(preset, EARLIER.get(preset, [])).spec.trial) == KEYS[preset]


@pytest.mark.parametrize("name", SECTIONS)
def test_of_what_uses_later_fields(name: str) -> None:
    assert hashed(SECTIONS[name].model_dump(mode="json")) == KEYS[name]["section"]
