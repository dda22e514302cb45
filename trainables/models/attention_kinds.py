"""Whether medsweep's own passes (packs, PPO, reward models, choices) compute a model's layers as
transformers does. Read from its configuration and from the text of transformers' file for it: no
weights, no torch.

These passes put several texts one after the other and stand in for the attention alone
(`trainables.forward.attention`). A layer that mixes tokens in another way would mix texts.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainables.models.model_folder import read_settings

INTERFACE = "ALL_ATTENTION_FUNCTIONS"  # how transformers' files ask for an attention by its name
SINKS = re.compile(r"\bs_aux=")  # a share of attention that goes to no token
RECURRENT = re.compile(r"[Cc]onv1d|ssm_state|recurrent_state|rwkv|short_?conv")
KNOWN_LAYERS = {"full_attention", "sliding_attention", "attention"}


def other_attention(folder: Path) -> str | None:
    """Why medsweep's own passes cannot run the model in `folder`, or None."""
    return other_layers(read_settings(folder / "config.json"))


def other_layers(config: Mapping[str, Any]) -> str | None:
    """The same of a model's configuration."""
    text = config.get("text_config")
    whole = {**config, **text} if isinstance(text, Mapping) else config
    kind = str(whole.get("model_type", ""))
    types = {str(t) for t in whole.get("layer_types") or whole.get("layers_block_type") or ()}
    if others := sorted(types - KNOWN_LAYERS):
        return f"{kind} has layers that are no attention over whole texts ({', '.join(others)})"
    source = _source(kind)
    if source is None:
        return None
    if RECURRENT.search(source):
        return f"{kind} has recurrent layers"
    if INTERFACE not in source:
        return f"{kind} does not compute its attention through transformers' interface"
    return f"{kind} adds sinks to its attention" if SINKS.search(source) else None


@cache
def _source(kind: str) -> str | None:
    """The text of transformers' model file; None where there is none of that name. Nothing of it
    is imported, which would take seconds."""
    package = find_spec("transformers")
    if package is None or package.origin is None or not re.fullmatch(r"[\w-]+", kind):
        return None
    name = kind.replace("-", "_")
    for folder in (name, name.removesuffix("_text")):  # the text of a model of several parts
        file = Path(package.origin).parent / "models" / folder / f"modeling_{folder}.py"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    return None
