"""Specs as people write them who come from other tools, other languages, or a text processor.

Each row: what is written in place of what, the line that is named, and the fix. docs/reliability.md
states how many there are.
"""

from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_spaces.schema import paths
from sweeps.reading.loading import load_spec
from sweeps.reading.meant_numbers import meant_number
from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import spec_class
from trainables.kinds import KINDS

GOOD = """\
name: x
trial:
  kind: sft
  model: {name_or_path: "toy:llama", dtype: float32}
  data: {source: "toy:drugs", system_prompt: null}
  lora: {r: 8, lora_alpha: 16, target_modules: all-linear}
  training:
    learning_rate: 1e-3
    num_train_epochs: 1
    per_device_train_batch_size: 8
    max_length: 160
  evaluation: {limit: 8, max_new_tokens: 32}
search:
  parameters:
    lora.r: {values: [2, 4, 8, 16]}
    training.learning_rate: {distribution: log_uniform_values, min: 1e-4, max: 2e-2}
  baselines:
    EXP-01 (Baseline): {lora.r: 8, training.learning_rate: 1e-3}
  objective: {metric: val_loss, mode: min}
  sampler: tpe
  early_stopping: {kind: asha}
  num_trials: 12
"""
RATE = "{distribution: log_uniform_values, min: 1e-4, max: 2e-2}"
RANKS = "{values: [2, 4, 8, 16]}"
EPOCHS = "    num_train_epochs: 1"
LOG = "Write {distribution: log_uniform_values, min: 1e-4, max: 1e-2}"
THREE = "Write three shares, of training, validation and test: "

# what stands in the good spec, what is written instead, the line, what the fix says
WRONG: list[tuple[str, str, int, str]] = [
    # numbers as people write them
    ("num_trials: 12", 'num_trials: "12"', 22, "Write 12"),
    ("num_trials: 12", "num_trials: 1,000", 22, "Write 1000"),
    ("num_trials: 12", "num_trials: 1_000", 22, "Write 1000"),
    ("num_trials: 12", "num_trials: 1k", 22, "Write 1000"),
    ("num_trials: 12", "num_trials: 99999999999999999999", 22, "default: 10"),
    ("learning_rate: 1e-3\n", 'learning_rate: "1e-3"\n', 8, "Write 1e-3"),
    ("learning_rate: 1e-3\n", "learning_rate: 0,001\n", 8, "Write 0.001"),
    ("learning_rate: 1e-3\n", "learning_rate: 10^-3\n", 8, "Write 1e-3"),
    ("learning_rate: 1e-3\n", "learning_rate: 2*1e-4\n", 8, "Write 0.0002"),
    ("learning_rate: 1e-3\n", "learning_rate: 1/1000\n", 8, "Write 0.001"),
    ("learning_rate: 1e-3\n", "learning_rate: 1e\u20133\n", 8, "Write 1e-3"),
    ("max: 2e-2", "max: 2e\u22122", 16, "Write 2e-2"),
    (EPOCHS, "    num_train_epochs: 1 epoch", 9, "Write 1"),
    ("max_length: 160", "max_length: 160 tokens", 11, "Write 160"),
    ("  num_trials: 12", "  num_trials: 12\nlimits: {disk_gb: 20GB}", 23, "Write 20"),
    ("  num_trials: 12", "  num_trials: 12\nlimits: {disk_gb: 500 MB}", 23, "Write 0.5"),
    ("  num_trials: 12", "  num_trials: 12\nlimits: {hang_minutes: 2h}", 23, "Write 120"),
    ("lora_alpha: 16", "lora_alpha: 16, use_dora: yes", 6, "Write true"),
    ("dtype: float32", "quantization: 4", 4, "Did you mean `nf4`?"),
    # nothing, variables, blanks, quotes
    ("system_prompt: null", "system_prompt: None", 5, "Write null"),
    ('source: "toy:drugs"', "source: $DATA", 5, "--set PATH=VALUE"),
    ('source: "toy:drugs"', 'source: "${DATA}/train.csv"', 5, "--set PATH=VALUE"),
    ('source: "toy:drugs"', "source: ${oc.env:DATA}", 5, "Write the value itself"),
    ('source: "toy:drugs"', 'source: "{{ data }}"', 5, "--set PATH=VALUE"),
    ('source: "toy:drugs"', "source: <your dataset>", 5, "Write the value itself"),
    ('source: "toy:drugs"', "source: \u201ctoy:drugs\u201d", 5, 'Write "toy:drugs"'),
    ('"toy:llama"', "\u2018toy:llama\u2019", 4, 'Write "toy:llama"'),
    # YAML
    (EPOCHS, "    num_train_epochs:1", 9, "Write `num_train_epochs: 1`"),
    ("learning_rate: 1e-3\n", "learning_rate:1e-3\n", 8, "Write `learning_rate: 1e-3`"),
    ("name: x", "name:x", 1, "Write `name: x`"),
    ("{r: 8,", "{r:8,", 6, "Write `r: 8`"),
    ("  num_trials: 12", "  num_trials = 12", 22, "Write `num_trials: 12`"),
    ("  kind: sft", "\tkind: sft", 3, "Indent with spaces"),
    ("    learning_rate: 1e-3", "\tlearning_rate: 1e-3", 8, "Indent with spaces"),
    ("  kind: sft", "\u00a0 kind: sft", 3, "Put a plain space"),
    (EPOCHS, "    num_train_epochs\uff1a 1", 9, "Put a plain colon"),
    ("    learning_rate: 1e-3\n", "   learning_rate: 1e-3\n", 9, "Begin both in the same column"),
    (EPOCHS, "      num_train_epochs: 1", 9, "Begin both in the same column"),
    ("  parameters:\n", "parameters:\n", 17, "keys of one section begin in the same column"),
    ("max_new_tokens: 32}", "max_new_tokens: 32", 12, "Add `}`"),
    ("[2, 4, 8, 16]", "[2, 4, 8, 16", 15, "Add `]`"),
    ('"toy:llama"', '"toy:llama', 4, 'Add the second "'),
    ("target_modules: all-linear", "target_modules: q_proj, v_proj", 6, "brackets: [a, b]"),
    ("target_modules: all-linear", 'target_modules: ".*_proj"', 6, "names themselves"),
    # a section in one word
    ("{kind: asha}", "asha", 21, "Write {kind: asha}"),
    ("{kind: asha}", "hyperband", 21, "Write {kind: asha}"),
    ("{kind: asha}", "true", 21, "Write {kind: asha}"),
    ("{kind: asha}", "{kind: asha, eta: 3}", 21, "Write `reduction_factor`"),
    ("{kind: asha}", "{kind: asha, patience: 3}", 21, "`early_stopping_patience`"),
    ("{metric: val_loss, mode: min}", "val_loss", 19, "Write {metric: val_loss, mode: min}"),
    ("{metric: val_loss, mode: min}", "rouge1", 19, "Write {metric: rouge1, mode: max}"),
    ("  num_trials: 12", "  num_trials: 12\ntracking: {wandb: mine}", 23, "{project: mine}"),
    ("  num_trials: 12", "  num_trials: 12\ntracking: {wandb: true}", 23, "{project: NAME}"),
    ("  num_trials: 12", "  num_trials: 12\nwandb: mine", 23, "tracking: {wandb: {project: NAME"),
    ("  num_trials: 12", "  num_trials: 12\nconfirm: 3", 23, "Write {top: 3, seeds: 3}"),
    ("sampler: tpe", "sampler: {name: TPESampler, seed: 1}", 20, "Write `sampler: tpe`"),
    ("{r: 8, lora_alpha: 16, target_modules: all-linear}", "false", 6, "Write null"),
    ("system_prompt: null", "split: [0.9, 0.1]", 5, f"{THREE}[0.9, 0.1, 0]"),
    ("system_prompt: null", "split: 0.1", 5, f"{THREE}[0.9, 0.1, 0]"),
    ("system_prompt: null", "split: [80, 10, 10]", 5, f"{THREE}[0.8, 0.1, 0.1]"),
    ("system_prompt: null", "split: [80%, 10%, 10%]", 5, f"{THREE}[0.8, 0.1, 0.1]"),
    ("system_prompt: null", 'split: "80/10/10"', 5, f"{THREE}[0.8, 0.1, 0.1]"),
    ("system_prompt: null", "split: {train: 0.8, val: 0.2}", 5, f"{THREE}[0.8, 0.2, 0]"),
    # other tools' words
    ("num_trials: 12", "num_samples: 12", 22, "Did you mean `num_trials`?"),
    ("num_trials: 12", "num_trials: 12\n  random_state: 3", 23, "Write `seed`"),
    ("max_length: 160", "save_steps: 100", 11, "every_epochs"),
    ("  num_trials: 12", "  num_trials: 12\ncluster: {memory_per_trial: 8}", 23, "trials_per_gpu"),
    ("  num_trials: 12", "  num_trials: 12\ncluster: {num_workers: 8}", 23, "max_concurrent"),
    ("kind: sft", "kind: qlora", 3, "Did you mean `sft`?"),
    ("kind: sft", "kind: rlhf", 3, "Write `kind: ppo`"),
    ("mode: min", "mode: max", 19, "Write `mode: min`"),
    ("mode: min", "goal: minimize", 19, "Write `mode: min` or `mode: max`"),
    ("{metric: val_loss, ", "{name: val_loss, ", 19, "Write `metric`"),
    ("  objective: {metric: val_loss, mode: min}", "  direction: minimize", 19, "Write `objective"),
    # a parameter of the search
    (RATE, "tune.loguniform(1e-4, 1e-2)", 16, LOG),
    (RATE, 'trial.suggest_float("lr", 1e-4, 1e-2, log=True)', 16, LOG),
    (RATE, "interval(1e-4, 1e-2)", 16, "Write {distribution: uniform, min: 1e-4, max: 1e-2}"),
    (RATE, "{low: 1e-4, high: 1e-2, log: true}", 16, "Write `distribution: log_uniform_values`"),
    (RANKS, "tune.choice([2, 4, 8])", 15, "Write {values: [2, 4, 8]}"),
    (RANKS, "tune.randint(2, 17)", 15, "Write {distribution: int_uniform, min: 2, max: 16}"),
    (RANKS, "2, 4, 8, 16", 15, "Write {values: [2, 4, 8, 16]}"),
    (RANKS, "2-16", 15, "Write {min: 2, max: 16}"),
    (RANKS, "[2, 4, 8, 16]", 15, "Write {values: [2, 4, 8, 16]}"),
    ("    lora.r: {", "    lora/r: {", 15, "Did you mean `lora.r`?"),
    ("    lora.r: {", "    trial.lora.r: {", 15, "Did you mean `lora.r`?"),
]

FILES = {
    "Axolotl": "base_model: m\nadapter: qlora\nsequence_len: 4096\nmicro_batch_size: 2\n",
    "a W&B sweep": "program: t.py\nmethod: bayes\nparameters: {lr: {values: [1]}}\n",
    "LLaMA-Factory": "model_name_or_path: m\nstage: sft\nfinetuning_type: lora\ncutoff_len: 9\n",
    "TRL or transformers": "model_name_or_path: m\ndataset_name: d\nuse_peft: true\n",
    "Accelerate": "compute_environment: LOCAL_MACHINE\ndistributed_type: MULTI_GPU\n",
    "torchtune": "model: {_component_: torchtune.models.x}\nepochs: 1\n",
    "DeepSpeed": '{"zero_optimization": {"stage": 2}, "train_batch_size": 8}',
}


def problems(tmp_path: Path, text: str) -> list[Problem]:
    """What is said of a spec."""
    file = tmp_path / "spec.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as raised:
        load_spec(file)
    return raised.value.problems


def test_the_good_spec_is_good(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(GOOD, encoding="utf-8")
    assert load_spec(tmp_path / "spec.yaml").warnings == ()


@pytest.mark.parametrize(("was", "written", "line", "fix"), WRONG, ids=[row[1] for row in WRONG])
def test_the_fix_is_named(tmp_path: Path, was: str, written: str, line: int, fix: str) -> None:
    assert was in GOOD
    found = problems(tmp_path, GOOD.replace(was, written, 1))
    assert any(fix in (p.fix or "") and p.line == line for p in found), "\n".join(map(str, found))


@pytest.mark.parametrize("stages", [True, 3, "x", {"a": 1}])
def test_stages_that_are_no_list(tmp_path: Path, stages: object) -> None:
    trial = {"kind": "staged", "model": {"name_or_path": "toy:llama"}, "stages": stages}
    found = problems(tmp_path, yaml.safe_dump({"name": "x", "trial": trial}))
    assert any("must be a list" in problem.message for problem in found)


@pytest.mark.parametrize("tool", FILES)
def test_a_whole_file_of_another_tool(tmp_path: Path, tool: str) -> None:
    first = problems(tmp_path, FILES[tool])[0]
    assert f"is a config of {tool}, not a spec" in first.message
    assert "medsweep init" in (first.fix or "")


def test_a_spec_below_one_key_too_many(tmp_path: Path) -> None:
    nested = "sweep:\n" + "".join(f"  {line}\n" for line in GOOD.splitlines())
    (only,) = problems(tmp_path, nested)
    assert "Remove the line `sweep:`" in (only.fix or "")


def test_a_password_is_not_repeated_in_a_fix(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD + "api_key:hunter2\nx: y: z\n")
    assert "hunter2" not in "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("text", "field", "number"),
    [
        ("1.5e-4", "", "1.5e-4"),
        ("2x10^-5", "", "2e-5"),
        ("12'500", "", "12500"),
        ("1.5", "", "1.5"),
        ("3 d", "hang_minutes", "4320"),
        ("3 parsecs", "disk_gb", None),
        ("3 h", "num_trials", None),
        ("1/0", "", None),
        ("1e999", "", "1e999"),
        ("9e307*100", "", None),
        ("eight", "", None),
        ("", "", None),
    ],
)
def test_numbers_that_were_meant(text: str, field: str, number: str | None) -> None:
    assert meant_number(text, field) == number


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["None", "${X}", "80%", "1/0", "tune.choice()", "suggest_int(", "<a b>", "\0"]),
)
WORDS = (
    *("name", "trial", "search", "kind", "model", "data", "lora", "training", "values", "min"),
    *("max", "parameters", "baselines", "objective", "metric", "mode", "sampler", "stages"),
    *("early_stopping", "selection", "cluster", "tracking", "limits", "confirm", "reward"),
    *("split", "mixture", "r"),
)
KEYS = st.one_of(st.sampled_from(WORDS), st.text(max_size=8))
PLACES = sorted(path.split(".") for kind in KINDS for path in paths(spec_class(kind)))
ANYTHING = st.recursive(
    LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(KEYS, v, max_size=5), max_leaves=25
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(put=ANYTHING, where=st.lists(KEYS, min_size=1, max_size=4) | st.sampled_from(PLACES))
def test_no_spec_ends_in_a_traceback(tmp_path: Path, put: object, where: list[str]) -> None:
    """Anything at any place of a good spec is a spec, or what is wrong with it in words."""
    data = yaml.safe_load(GOOD)
    here = data
    for key in where[:-1]:
        if not isinstance(here.get(key), dict):
            here[key] = {}
        here = here[key]
    here[where[-1]] = put
    _read(tmp_path, yaml.safe_dump(data, allow_unicode=True))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    at=st.integers(0, len(GOOD)),
    cut=st.integers(0, 30),
    put=st.one_of(st.text(max_size=6), st.sampled_from("{[\"'&*!|>%@`#:-,\t\u00a0")),
)
def test_no_slip_of_the_pen_ends_in_a_traceback(
    tmp_path: Path, at: int, cut: int, put: str
) -> None:
    _read(tmp_path, GOOD[:at] + put + GOOD[at + cut :])


def _read(tmp_path: Path, text: str) -> None:
    file = tmp_path / "spec.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(SpecError):
        load_spec(file)
