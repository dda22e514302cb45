"""How far an int8 base in a pack (dequantised weights) is from LLM.int8, on SmolLM2's own layers.

Prints the relative difference of the logits on some rows of the demo's kind, and of the validation
loss: what a trial's numbers differ by between the two engines for this reason alone.

`python -m benchmarks.int8_difference`, from the repository's root.
"""

from typing import Any

import torch

from benchmarks.output import command, device, write
from benchmarks.shapes import SMOLLM2
from trainables.data.config import DataConfig
from trainables.data.prepare import prepare
from trainables.evaluation.answer_loss import answer_loss
from trainables.forward.int8 import as_before, dequantise_in_calls
from trainables.models.config import ModelConfig
from trainables.models.load import Base, load_base
from trainables.models.tokenizer import tokenizer_key


def measure(base: Base, limit: int) -> dict[str, Any]:
    """The comparison on `limit` definitions."""
    data = DataConfig(source="hpo:definitions", limit=limit, split=(0.1, 0.8, 0.1))
    rows = prepare(data, lambda: base.tokenizer, tokenizer_key(base.folder), 128).validation
    tokens = torch.from_numpy(rows.row(0).astype("int64"))[None].to(base.model.device)
    found: dict[str, Any] = {}
    logits = {}
    for name, change in (("llm_int8", as_before), ("dequantised", dequantise_in_calls)):
        change(base.model)
        with torch.inference_mode():
            logits[name] = base.model(tokens).logits.float()
        found[f"val_loss_{name}"] = round(
            answer_loss(base.model, rows, 2048).metrics()["val_loss"], 5
        )
    as_before(base.model)
    difference = (logits["dequantised"] - logits["llm_int8"]).norm() / logits["llm_int8"].norm()
    return {"rows": len(rows), "logits_difference": round(float(difference), 5), **found}


def main() -> None:
    """Measure, print, and write what `--json` names."""
    parser = command(__doc__, ("cpu", "cuda"))
    parser.add_argument("--limit", type=int, default=40)
    options = parser.parse_args()
    model = ModelConfig(name_or_path=SMOLLM2, quantization="int8")
    found = measure(load_base(model, options.device), options.limit)
    print("  ".join(f"{name}={value}" for name, value in found.items()))
    write(options.json, {**found, "device": device()})


if __name__ == "__main__":
    main()
