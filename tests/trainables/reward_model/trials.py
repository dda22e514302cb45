"""Tiny reward models for tests: pairs, configurations, packs."""

from functools import partial
from typing import Any

from tests.trainables.packing.packs import run_pack
from tests.trainables.sft.trials import toy_tokenizer
from trainables.data.lengths import Lengths
from trainables.data.pairs.build import PairSplits
from trainables.data.pairs.pair import PreferencePair
from trainables.data.pairs.prepare import tokenised
from trainables.data.prepared import Prepared
from trainables.reward_model.config import RewardModelConfig

DEFAULTS: dict[str, dict[str, Any]] = {
    "model": {"name_or_path": "toy:llama", "dtype": "float32"},
    "data": {"source": "toy:drugs", "system_prompt": None},
    "lora": {"r": 4, "target_modules": ["q_proj", "v_proj"]},
    "training": {
        "learning_rate": 5e-3,
        "per_device_train_batch_size": 2,
        "max_length": 96,
        "num_train_epochs": 2,
    },
    "evaluation": {"every_epochs": 0.5},
}


def config(**sections: dict[str, Any]) -> RewardModelConfig:
    """A complete configuration: DEFAULTS with fields of some sections replaced."""
    merged = {name: {**fields, **sections.get(name, {})} for name, fields in DEFAULTS.items()}
    return RewardModelConfig.model_validate(merged)


def pairs(first: int, count: int, source: str = "own") -> list[PreferencePair]:
    """Questions with a right and a wrong answer, of different lengths."""
    return [
        PreferencePair(
            id=f"{source}/{i}",
            group=f"{source}/{i // 2}",
            question=f"Code of case {i}?" + " Now?" * (i % 3),
            chosen=f"Code {'ABC'[i % 3] * (2 + i % 4)}{i}.",
            rejected=f"No{'!' * (i % 5)} {i * 7 % 10}",
            source=source,
        )
        for i in range(first, first + count)
    ]


def prepared(train: int = 11, validation: int = 5, unseen: int = 4) -> Prepared:
    """11 training and 5 validation pairs of two sources, 4 of one that is never trained on."""
    splits = PairSplits(
        pairs(0, train - 4) + pairs(50, 4, "more"),
        pairs(100, validation - 2) + pairs(150, 2, "more"),
        pairs(200, unseen, "other"),
        {"dropped": {}, "kept": {}},
    )
    made = tokenised("test", splits, toy_tokenizer(), None, Lengths(96), lambda line: None)
    return Prepared(**made._asdict())


run = partial(run_pack, rows=prepared)
