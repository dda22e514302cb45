"""The scalar head of a reward model, as a PEFT adapter of task type SEQ_CLS holds it.

`AutoModelForSequenceClassification` with one label has a linear layer `score` without a bias on the
trunk's state at a row's last token; PEFT saves it beside LoRA's matrices (`modules_to_save`).
"""

from typing import Any

import torch

from trainables.forward.adapter import PREFIX, PackedAdapter
from trainables.models.adapters import adapted, export, named_trainable
from trainables.models.config import LoraConfig
from trainables.models.load import Base
from trainables.seeds import derived_seed

HEAD = f"{PREFIX}score.weight"


def scores(states: torch.Tensor, head: torch.Tensor) -> torch.Tensor:
    """(rows,) scores of states (rows, width) by a head (1, width), in the head's precision."""
    return states.to(head.dtype) @ head[0]


def probability(score: torch.Tensor) -> torch.Tensor:
    """sigmoid(score), 0..1: by Bradley and Terry, the probability that the answer beats one whose
    score is 0, an average answer where scores are centred."""
    return torch.sigmoid(score)


def fresh_head(model: Any, seed: int) -> torch.Tensor:
    """(1, width) normal with the deviation that transformers gives new layers of this model."""
    width = model.get_output_embeddings().in_features
    deviation = getattr(model.config.get_text_config(), "initializer_range", 0.02)
    generator = torch.Generator().manual_seed(derived_seed("head", seed))
    return torch.randn(1, width, generator=generator) * deviation


def fresh_reward_model(base: Base, lora: LoraConfig, seed: int) -> PackedAdapter:
    """LoRA as PEFT makes it from `seed`, and a head, before the first step."""
    with adapted(base, lora, seed) as model:
        tensors, settings = named_trainable(model), export(model).config
    head = {HEAD: fresh_head(base.model, seed)}
    # a list of its own: PEFT adds to those that it is given
    settings = {**settings, "task_type": "SEQ_CLS", "modules_to_save": ["score"]}
    device, dtype = base.model.device, base.dtype
    return PackedAdapter(tensors, settings, lora, device, dtype, head, exports_heads=True)
