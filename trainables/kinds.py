"""The registry of trial kinds: add a kind by adding its folder and one line here."""

from trainables.sft.config import SFTConfig

# `train` is named, not imported: reading a spec must not load torch
KINDS: dict[str, type[SFTConfig]] = {"sft": SFTConfig}
TRAIN: dict[str, str] = {
    "sft": "trainables.sft.train:train",
    "base_model": "trainables.evaluation.base_model:evaluate",  # the untouched base, once a sweep
}
PACKED = frozenset({"sft"})  # kinds that `trainables.packing` can train together
