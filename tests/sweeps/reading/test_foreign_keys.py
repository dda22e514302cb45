"""Keys of other tools: what is said of them, and that all that is said exists."""

import re
from pathlib import Path

import pytest

from search_spaces.foreign_names import ALIASES, our_name
from search_spaces.foreign_syntax import DISTRIBUTIONS, KEYS, our_distribution
from search_spaces.parameters import Parameter
from search_spaces.schema import paths
from sweeps.reading.foreign_absent import ABSENT
from sweeps.reading.foreign_keys import FOREIGN, ForeignKey
from sweeps.reading.foreign_places import PLACES
from sweeps.reading.foreign_values import VALUES, kind_fix, meant_value
from sweeps.reading.loading import load_spec
from sweeps.spec.errors import SpecError
from sweeps.spec.sections import spec_class
from trainables.kinds import KINDS

LEAST = """
name: x
trial:
  model: {{name_or_path: "toy:llama"{model}}}
  data: {{source: "toy:drugs"{data}}}
  lora: {{r: 8{lora}}}
  training: {{learning_rate: 1e-3{training}}}
search: {{num_trials: 1{search}}}
"""


def field_names() -> set[str]:
    """Every part of every path that any kind's spec has."""
    return {part for kind in KINDS for path in paths(spec_class(kind)) for part in path.split(".")}


def problem(tmp_path: Path, **more: str) -> str:
    """What is said of one more key in a section."""
    sections = dict.fromkeys(("model", "data", "lora", "training", "search"), "")
    written = {name: f", {text}" for name, text in more.items()}
    file = tmp_path / "spec.yaml"
    file.write_text(LEAST.format(**sections | written), encoding="utf-8")
    with pytest.raises(SpecError) as raised:
        load_spec(file)
    (one,) = raised.value.problems
    return str(one).replace(f"{file}", "")


def test_no_foreign_name_is_one_of_ours() -> None:
    # `batch_size` is a field of the judge of rewards: in training it is another's name
    assert set(ALIASES) & field_names() == {"batch_size"}
    assert set(FOREIGN) & field_names() == set()
    assert set(ALIASES) & set(FOREIGN) == set()


def test_what_they_stand_for_exists() -> None:
    known = field_names()
    assert set(ALIASES.values()) - known == set()
    assert {foreign.key for foreign in FOREIGN.values() if foreign.key} - known == set()
    paths_named = {
        name for foreign in FOREIGN.values() for name in re.findall(r"`(\w+)(?=`|:)", foreign.fix)
    }
    commands = {"medsweep", "int8"}
    assert paths_named - known - commands == set()


def test_names_are_written_as_they_are_looked_up() -> None:
    assert [name for name in {**ALIASES, **FOREIGN} if name != name.lower().replace("-", "_")] == []
    assert our_name("LoRA-Rank") == "r"


@pytest.mark.parametrize(
    ("section", "text", "said"),
    [
        ("lora", "lora_rank: 4", "Did you mean `r`?"),
        ("lora", "alpha: 4", "Did you mean `lora_alpha`?"),
        ("training", "micro_batch_size: 2", "Did you mean `per_device_train_batch_size`?"),
        ("training", "cutoff_len: 64", "Did you mean `max_length`?"),
        ("training", "eval_steps: 10", "Write `every_epochs` in trial.evaluation"),
        ("training", "top_k: 9", "is not supported: answers are sampled from the whole"),
        ("training", "top_p: 0.9", "(got 0.9). Remove it: it is of trials of kind grpo"),
        ("training", "kl_coef: 0.1", "Remove it: it is of trials of kind ppo"),
        ("training", "warmup_ratio: 0.03", "Write `warmup_steps: 0.03`"),
        ("training", "deepspeed: zero3", "is not supported: a trial has one device"),
        ("model", "load_in_4bit: true", "Write `quantization: nf4`"),
        ("model", "load_in_4bit: false", "Remove it"),
        ("model", "trust_remote_code: true", "a model's own code is never run"),
        ("data", "val_set_size: 0.1", "Write `split` in trial.data"),
        ("data", "val_size: 0.1", "or name rows of their own in `validation`"),
        ("data", "eval_dataset: dev.jsonl", "Did you mean `validation`?"),
        ("data", "test_file: exam.jsonl", "Did you mean `test`?"),
        ("data", "test_datasets: [dev.jsonl]", "Write `validation: FILE` in trial.data"),
        ("data", "mask_history: true", "Write `loss_turns: last`"),
        ("data", "field_messages: dialog", "`messages`"),
        ("training", "batch_size: 4", "Did you mean `per_device_train_batch_size`?"),
        ("search", "method: bayes", "Did you mean `sampler`?"),
        ("search", "n_trials: 5", "Did you mean `num_trials`?"),
        # a field of another section under another tool's name
        ("training", "lora_rank: 4", "It is called `r` here. It belongs to trial.lora"),
        ("model", "cutoff_len: 64", "It is called `max_length` here. It belongs to trial.training"),
        ("lora", "n_trials: 5", "It is called `num_trials` here. It belongs to search"),
    ],
)
def test_what_is_said(tmp_path: Path, section: str, text: str, said: str) -> None:
    assert said in problem(tmp_path, **{section: text})


def test_a_key_without_one_of_ours_says_its_fix() -> None:
    assert ForeignKey("is so", "Do that").advice(5) == "Do that"
    assert ForeignKey("is so", key="r").advice(5) == "Write `r: 5`"
    assert ForeignKey("is so", key="r", value="nf4").advice(True) == "Write `r: nf4`"


@pytest.mark.parametrize(
    ("section", "text", "said"),
    [
        ("search", "scheduler: asha", "Write `early_stopping: {kind: asha}`"),
        ("search", "early_stopping: asha", "Write {kind: asha}"),
        ("search", "early_stopping: {kind: hyperband}", "Did you mean `asha`?"),
        ("search", "sampler: TPESampler", "Did you mean `tpe`?"),
        ("search", "sampler: bayes", "Did you mean `tpe`?"),
        ("search", "objective: {metric: val_loss, mode: minimize}", "Did you mean `min`?"),
        ("lora", "target: all", "Did you mean `target_modules`?"),
        ("model", "dtype: bf16", "Did you mean `bfloat16`?"),
        ("model", "quantization: 4bit", "Did you mean `nf4`?"),
        ("model", "device_map: auto", "Remove it: a trial has one device"),
        ("training", "optim: adamw", "Did you mean `adamw_torch`?"),
        ("training", "optim: adamw_bnb_8bit", "Did you mean `adamw_8bit`?"),
        ("training", "lr_scheduler_type: cosin", "Did you mean `cosine`?"),
        ("training", "lr_scheduler_kwargs: {}", "Remove it: schedules have transformers'"),
    ],
)
def test_places_and_values_by_meaning(section: str, text: str, said: str, tmp_path: Path) -> None:
    assert said in problem(tmp_path, **{section: text})


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        ("training.learning_rate: {low: 1e-5, max: 1e-3, min: 1e-6}", "Write `min`"),
        ("training.learning_rate: {values: [1e-4], upper: 1e-3}", "Write `max`"),
        ("training.learning_rate: {choices: [1e-4]}", "Write `values: [...]`"),
        ("training.learning_rate: {min: 1e-5, max: 1e-3, log: true}", "log_uniform_values"),
        (
            "training.learning_rate: {distribution: tune.loguniform, min: 1e-5, max: 1e-3}",
            "Did you mean `log_uniform_values`?",
        ),
        ("lora.lora_alpha: {ratio_of: lora.r, values: [1, 2]}", "Write `times: PATH`"),
        ("lora.r: {distribution: randint, min: 2, max: 8}", "Did you mean `int_uniform`?"),
        ("training.pref_beta: {values: [0.1]}", "Remove it: it is of trials of kind grpo or dpo"),
        ("training.kl_coef: {values: [0.1]}", "Remove it: it is of trials of kind ppo"),
        ("training.xy_coef: {values: [0.1]}", "Paths begin with a section of the trial"),
    ],
)
def test_parameters_as_other_tools_write_them(parameter: str, said: str, tmp_path: Path) -> None:
    search = f"parameters: {{{parameter.split(': ')[0]}: {parameter.split(': ', 1)[1]}}}"
    assert said in problem(tmp_path, search=search)


def test_no_syntax_of_others_is_ours() -> None:
    assert set(KEYS) & set(Parameter.model_fields) == set()
    ours = {"uniform", "q_uniform", "int_uniform", "log_uniform_values", "q_log_uniform_values"}
    assert set(DISTRIBUTIONS.values()) <= ours | {"categorical"}
    assert our_distribution("hp.quniform") == "q_uniform"


def test_values_and_places_are_found_where_they_may_stand() -> None:
    assert meant_value("minimize", ["min", "max"]) == "min"
    assert meant_value("minimize", ["linear"]) is None
    assert meant_value(3, ["min"]) is None
    assert [name for name in VALUES if name != name.lower().replace("-", "_")] == []
    last = {path.rpartition(".")[2] for kind in KINDS for path in paths(spec_class(kind))}
    assert [
        (s, k) for s, k in PLACES if s in ("lora", "model") and k in last - {"name", "target"}
    ] == []


def test_no_absent_key_is_one_of_ours_and_none_has_two_reasons() -> None:
    names = [name for _, keys in ABSENT.values() for name in keys.split()]
    assert not set(names) & field_names()
    assert not {name for name in names if names.count(name) > 1}
    assert not set(names) & set(ALIASES)


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("training", "min_lr: 1e-6"),
        ("training", "global_batch_size: 32"),
        ("training", "relora_steps: 3"),
        ("training", "eval_accumulation_steps: 2"),
        ("training", "warmup_epochs: 1"),
        ("training", "data_seed: 3"),
        ("lora", "use_loftq: true"),
        ("lora", "exclude_modules: [lm_head]"),
        ("model", "use_liger_kernel: true"),
        ("search", "n_startup_trials: 10"),
        ("search", "n_jobs: 4"),
        ("data", "train_split: train"),
    ],
)
def test_another_meaning_is_not_taken_for_another_spelling(
    section: str, key: str, tmp_path: Path
) -> None:
    assert "Did you mean" not in problem(tmp_path, **{section: key})


@pytest.mark.parametrize(
    ("section", "key", "fix"),
    [
        ("lora", "target_modules: 'q_proj, v_proj'", "Write [q_proj, v_proj]"),
        ("training", "weight_decay: {min: 0, max: 0.1}", "below search.parameters"),
        ("search", "parameters: {training.weight_decay: 'loguniform(1e-5, 1e-3)'}", "min: 1e-5"),
    ],
)
def test_values_in_another_tool_s_syntax(section: str, key: str, fix: str, tmp_path: Path) -> None:
    assert fix in problem(tmp_path, **{section: key})


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ("orpo", "dpo"),
        ("KTO", "dpo"),
        ("rloo", "grpo"),
        ("pretrain", "format: text"),
        ("sfd", "sft"),
    ],
)
def test_kinds_by_meaning(given: str, fix: str) -> None:
    assert fix in kind_fix(given, KINDS)
