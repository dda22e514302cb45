"""The stated noise floor against what other numeric paths make of the same adapters' losses.

Four adapters of SmolLM2-135M are trained for a few steps on the demo's definitions (in float32, by
the packed engine) and rounded to the base's precision, as exports are. Each, and one that adds
nothing (`base`), is measured on the demo's validation rows by

- `packed`: the packed engine, all adapters in the same calls (what a sweep reports);
- `alone`: the packed engine, an adapter at a time;
- `peft`: PEFT on transformers, rows padded to batches of 4,096 tokens (the isolated engine);
- `row by row`: the same, a row at a time; `eager`: the same with attention written out;
- `repacked`: the same with bitsandbytes' repacked weights (NF4 on CPUs with AVX512-BF16 only);
- `float32`: PEFT, the same weights, every product in float32.

`floor` is the base model's, as a sweep states it. `within` is the share of (pairs of adapters) x
(pairs of paths) in which the difference of two adapters' losses changes by no more than the floor;
`upheld` that of the differences beyond the floor on one path whose sign another path upholds.

`python -m benchmarks.noise_floor --adapters DIR --quantization nf4`, from the repository's root.
DIR keeps the trained adapters and every path's losses: what is there is not made again, and
`--paths` asks for some of them where a machine is slow.
"""

import json
import math
import statistics
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

from benchmarks.numeric_paths import PATHS, Adapters, Losses
from benchmarks.output import JSON, command, device, write
from benchmarks.shapes import SMOLLM2
from benchmarks.trial_steps import trained
from sweeps.run_folder.weights import read_adapter, write_adapter
from trainables.context import ListContext
from trainables.data.prepare import prepare
from trainables.data.prepared import Prepared
from trainables.data.token_rows import TokenRows
from trainables.evaluation.config import EvaluationConfig
from trainables.evaluation.noise_floor import noise_floor
from trainables.models.config import ModelConfig
from trainables.models.load import Base, load_base
from trainables.models.tokenizer import tokenizer_key
from trainables.packing.pack import Pack
from trainables.saved import SavedAdapter
from trainables.sft.config import SFTConfig

NOTHING = "base"  # the adapter that adds nothing
RATES = (1e-3, 1.5e-3, 2e-3, 3e-3)  # learning rates: an adapter each


def trial(rate: float, steps: int, model: str) -> SFTConfig:
    """The demo's trial, with this rate for a few steps and no answers."""
    return SFTConfig.model_validate(
        {
            "model": {"name_or_path": model, "dtype": "float32"},
            "data": {
                "source": "hpo:definitions",
                "limit": 120,
                "split": [0.75, 0.20, 0.05],
                "system_prompt": "You are a medical dictionary.",
            },
            "lora": {"r": 8, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"]},
            "training": {
                "learning_rate": rate,
                "max_steps": steps,
                "per_device_train_batch_size": 4,
                "max_length": 128,
                "seed": round(rate * 1e5),
            },
            "evaluation": {"every_epochs": 100, "loss_limit": 1, "metrics": ["perplexity"]},
        }
    )


def data_of(config: SFTConfig, base: Base) -> Prepared:
    """The demo's rows."""
    key = tokenizer_key(base.folder)
    return prepare(config.data, lambda: base.tokenizer, key, config.training.max_length)


def adapters(folder: Path, steps: int, model: str) -> dict[str, SavedAdapter]:
    """Those in `folder`, by name; trained together, and put there, where they are not."""
    trials = {f"{rate:g}": trial(rate, steps, model) for rate in RATES}
    kept = {name: read_adapter(folder / name) for name in trials}
    found = {name: adapter for name, adapter in kept.items() if adapter}
    if len(found) < len(trials):
        found = _trained(trials)
        for name, adapter in found.items():
            write_adapter(folder / name, adapter)
    nothing = _changed(next(iter(found.values())), lambda tensor: 0 * tensor)
    return {NOTHING: nothing, **found}


def _trained(trials: Mapping[str, SFTConfig]) -> dict[str, SavedAdapter]:
    first = next(iter(trials.values()))
    base = load_base(first.model, "cpu")
    contexts = {name: ListContext(data_of(first, base)) for name in trials}
    pack = Pack(base, first.model)
    for name, config in trials.items():
        pack.join(name, config, contexts[name])
    for _ in trained(pack):
        pass
    reports = {name: context.reports for name, context in contexts.items()}
    return {name: [r.adapter for r in own if r.adapter][-1] for name, own in reports.items()}


def _changed(adapter: SavedAdapter, change: Callable[[Any], Any]) -> SavedAdapter:
    from safetensors.torch import load, save

    tensors = {name: change(tensor) for name, tensor in load(adapter.weights).items()}
    return SavedAdapter(adapter.config, save(tensors))


def measured(
    model: ModelConfig, chosen: Adapters, rows: TokenRows, asked: list[str]
) -> Iterator[tuple[str, Losses]]:
    """Each path's losses; of one that this machine lacks none."""
    for name in asked:
        dtype = "float32" if name == "float32" else model.dtype
        base = load_base(model.model_copy(update={"dtype": dtype}), "cpu")
        if found := PATHS[name](base, chosen, rows):
            yield name, found


def compared(losses: Mapping[str, Losses], floor: float) -> JSON:
    """How differences between adapters change from path to path, against a floor."""
    names = next(iter(losses.values()))
    changes, beyond, upheld = [], 0, 0
    for one, other in combinations(names, 2):
        gaps = [found[one] - found[other] for found in losses.values()]
        changes += [abs(a - b) for a, b in combinations(gaps, 2)]
        decided = [(a, b) for a, b in permutations(gaps, 2) if abs(a) > floor]
        beyond += len(decided)
        upheld += sum(a * b > 0 for a, b in decided)
    return {
        "changes": len(changes),
        "within": round(sum(change <= floor for change in changes) / len(changes), 4),
        "largest_change": round(max(changes), 6),
        "root_mean_square_change": round(math.sqrt(statistics.fmean(c * c for c in changes)), 6),
        "beyond": beyond,
        "upheld": round(upheld / beyond, 4) if beyond else None,
    }


def main() -> None:
    """Measure, print, and write what `--json` names."""
    parser = command(__doc__)
    parser.add_argument("--model", default=SMOLLM2)
    parser.add_argument("--quantization", choices=("nf4", "none"), default="nf4")
    parser.add_argument("--steps", type=int, default=8, help="of training")
    parser.add_argument("--adapters", type=Path, required=True, help="a folder")
    parser.add_argument("--paths", nargs="+", choices=PATHS, default=list(PATHS))
    asked = parser.parse_args()
    made = adapters(asked.adapters, asked.steps, asked.model)
    changes = {"dtype": "bfloat16", "quantization": asked.quantization}
    plain = trial(RATES[0], asked.steps, asked.model)
    model = plain.model.model_copy(update=changes)
    base = load_base(model, "cpu")
    rows = data_of(plain, base).validation
    store = asked.adapters / f"losses-{asked.quantization}.json"
    known: JSON = json.loads(store.read_text()) if store.exists() else {"losses": {}}
    if "floor" not in known:
        known["floor"] = noise_floor(base.model, rows, EvaluationConfig())["val_loss"]
        write(store, known)
    rounded = {n: _changed(a, lambda t: t.to(base.dtype).float()) for n, a in made.items()}
    left = [name for name in asked.paths if name not in known["losses"]]
    for name, found in measured(model, rounded, rows, left):
        known["losses"][name] = {own: round(loss, 6) for own, loss in found.items()}
        print(name, known["losses"][name], flush=True)
        write(store, known)
    outcome = compared(known["losses"], known["floor"])
    print(f"floor={known['floor']:.6f}  " + "  ".join(f"{k}={v}" for k, v in outcome.items()))
    about = {"rows": len(rows), "tokens": int(sum(rows.answer_counts())), **changes}
    write(asked.json, {**about, **known, **outcome, "device": device()})


if __name__ == "__main__":
    main()
