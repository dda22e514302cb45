"""A field that is set, or searched, and has no effect in any trial is told where it is written."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from medsweep.main import app
from sweeps.reading.loading import load_spec
from tests.sweeps.reading.test_loading import at, problems_of, write

ITEMS = "{source: 'hpo:multiple_choice'}"
PAIRS = "{source: 'toy:drugs'}"


def spec(kind: str = "sft", data: str = ITEMS, search: str = "", **sections: str) -> str:
    """A spec of this kind, with some sections written."""
    own = {"model": "{name_or_path: 'toy:llama'}", "data": data, **sections}
    trial = "".join(f"  {name}: {text}\n" for name, text in own.items())
    objective = "objective: {metric: val_loss, mode: min}"
    return f"name: x\ntrial:\n  kind: {kind}\n{trial}search:\n  {objective}\n{search}"


def staged(*stages: str, **sections: str) -> str:
    own = {"model": "{name_or_path: 'toy:llama'}", **sections}
    trial = "".join(f"  {name}: {text}\n" for name, text in own.items())
    listed = "".join(f"    - {stage}\n" for stage in stages)
    return f"name: x\ntrial:\n  kind: staged\n{trial}  stages:\n{listed}"


SFT_STAGE = f"{{name: a, data: {ITEMS}}}"
PPO_STAGE = f"{{name: b, kind: ppo, data: {ITEMS}}}"
STOP = "  early_stopping: {kind: KIND, FIELD}\n"
ENTRY = "{{metrics: [perplexity], benchmarks: [{{name: pubmedqa, {}}}]}}"
REFUSED = {
    "dropout of ppo": (spec("ppo", lora="{lora_dropout: 0.1}"), "trial.lora.lora_dropout", 0.1),
    "dropout of two ppo stages": (
        staged(PPO_STAGE.replace("name: b", "name: a"), PPO_STAGE, lora="{lora_dropout: 0.1}"),
        "trial.lora.lora_dropout",
        0.1,
    ),
    "attention of a pack": (
        spec("ppo", model="{name_or_path: 'toy:llama', attn_implementation: eager}"),
        "trial.model.attn_implementation",
        "eager",
    ),
    "revision of no hub": (
        spec(model="{name_or_path: 'toy:llama', revision: main}"),
        "trial.model.revision",
        "main",
    ),
    "subset of no hub": (
        spec(data="{source: 'hpo:lay', subset: a}"),
        "trial.data.subset",
        "a",
    ),
    "split of made rows": (
        spec("reward", "{source: 'toy:drugs', hub_split: test}"),
        "trial.data.hub_split",
        "test",
    ),
    "columns of a format": (
        spec(data="{source: org/data, format: medqa, fields: {question: q}}"),
        "trial.data.fields.question",
        "q",
    ),
    "columns of a component": (
        spec(
            data="{mixture: [{source: org/a, format: medqa, fields: {answer: b}}, {source: org/c}]}"
        ),
        "trial.data.mixture.0.fields.answer",
        "b",
    ),
    "index of another format": (
        spec(data="{source: org/a, format: medqa, answer_index_base: 1}"),
        "trial.data.answer_index_base",
        1,
    ),
    "rationale of spans": (
        spec(data="{source: org/a, format: squad, instruction: extractive, rationale: after}"),
        "trial.data.rationale",
        "after",
    ),
    "warm-up of constant": (
        spec(training="{lr_scheduler_type: constant, warmup_steps: 10}"),
        "trial.training.warmup_steps",
        10,
    ),
    "bertscore's encoder": (
        spec(evaluation="{bertscore_model: org/encoder}"),
        "trial.evaluation.bertscore_model",
        "org/encoder",
    ),
    "letters": (
        spec(evaluation=ENTRY.format("measures: [exact_match], letters: true")),
        "trial.evaluation.benchmarks.0.letters",
        True,
    ),
    "samples": (
        spec(evaluation=ENTRY.format("samples: 3")),
        "trial.evaluation.benchmarks.0.samples",
        3,
    ),
    "temperature of one answer": (
        spec(evaluation=ENTRY.format("measures: [exact_match], temperature: 0.2")),
        "trial.evaluation.benchmarks.0.temperature",
        0.2,
    ),
    "seed of nothing drawn": (
        spec(evaluation=ENTRY.format("seed: 3")),
        "trial.evaluation.benchmarks.0.seed",
        3,
    ),
    "encoder of no measure": (
        spec(evaluation=ENTRY.format("bertscore_model: org/encoder")),
        "trial.evaluation.benchmarks.0.bertscore_model",
        "org/encoder",
    ),
    "judge without weight": (
        spec("ppo", reward="{weights: {safety: 1}, judge: {base_url: 'https://h/v1', model: m}}"),
        "trial.reward.judge",
        {"base_url": "https://h/v1", "model": "m"},
    ),
    "horizon": (spec("ppo", training="{kl_horizon: 5}"), "trial.training.kl_horizon", 5),
    "target of nothing": (
        spec("ppo", training="{kl_coef: 0, kl_target: 6}"),
        "trial.training.kl_target",
        6,
    ),
    "estimator of nothing": (
        spec("ppo", training="{kl_coef: 0, kl_estimator: k3}"),
        "trial.training.kl_estimator",
        "k3",
    ),
    "format of made rows": (
        spec(data="{source: 'toy:drugs', format: medqa}"),
        "trial.data.format",
        "medqa",
    ),
    "format of made pairs": (
        spec("dpo", "{source: 'hpo:siblings', format: preference}"),
        "trial.data.format",
        "preference",
    ),
    "two precisions": (
        spec(training="{bf16: true, fp16: true}"),
        "trial.training.fp16",
        True,
    ),
    "clipping one step": (
        spec("ppo", training="{num_ppo_epochs: 1, cliprange: 0.1}"),
        "trial.training.cliprange",
        0.1,
    ),
    "clipping values that are not learnt": (
        spec("ppo", training="{vf_coef: 0, cliprange_value: 0.1}"),
        "trial.training.cliprange_value",
        0.1,
    ),
    "clipping one use": (spec("grpo", training="{epsilon: 0.3}"), "trial.training.epsilon", 0.3),
    "median's count": (
        spec(search=STOP.replace("KIND", "asha").replace("FIELD", "min_trials: 5")),
        "search.early_stopping.min_trials",
        5,
    ),
    "asha's factor": (
        spec(search=STOP.replace("KIND", "median").replace("FIELD", "reduction_factor: 4")),
        "search.early_stopping.reduction_factor",
        4,
    ),
    "grace for ever": (
        spec(search=STOP.replace("KIND", "asha").replace("FIELD", "grace: 0.6")),
        "search.early_stopping.grace",
        0.6,
    ),
    "metrics of balanced": (
        spec(search="  selection: {metrics: [val_loss]}\n"),
        "search.selection.metrics",
        ["val_loss"],
    ),
    "address": (spec(search="cluster: {address: 'h:1'}\n"), "cluster.address", "h:1"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_field_in_vain_is_refused(tmp_path: Path, case: tuple[str, str, object]) -> None:
    text, field, value = case
    problem = at(problems_of(write(tmp_path, text)), field)
    assert problem.value == value
    assert problem.line is not None
    assert problem.fix


def parameter(path: str, values: str) -> str:
    return f"  num_trials: 2\n  parameters:\n    {path}: {{values: {values}}}\n"


def conditional(path: str, parent: str, condition: str) -> str:
    """A parameter that exists under a condition on another one."""
    searched = parameter(parent, "[constant, linear, cosine]")
    return f"{searched}    {path}: {{values: [0.1, 0.2], when: {{{parent}: {condition}}}}}\n"


UNWARM = "constant"
ONE_REWARD = {"reward": "{weights: {safety: 1}}"}
WARNED = {
    "epochs that are searched": (
        spec(training="{max_steps: 4}", search=parameter("training.num_train_epochs", "[1, 2]")),
        "search.parameters.training.num_train_epochs",
    ),
    "epochs": (spec(training="{max_steps: 4, num_train_epochs: 3}"), "num_train_epochs"),
    "limit": (spec(evaluation="{metrics: [perplexity], limit: 8}"), "limit"),
    "tokens": (spec(evaluation="{metrics: [perplexity], max_new_tokens: 8}"), "max_new_tokens"),
    "wandb": (
        spec(search="tracking: {wandb: {mode: disabled, project: mine}}\n"),
        "tracking.wandb.project",
    ),
    "attention": (
        spec(
            model="{name_or_path: 'toy:llama', attn_implementation: eager}",
            search="cluster: {trials_per_gpu: 2}\n",
        ),
        "attn_implementation",
    ),
    "attention that is searched": (
        spec(
            search=f"{parameter('model.attn_implementation', '[eager, sdpa]')}"
            "cluster: {trials_per_gpu: 2}\n"
        ),
        "attn_implementation",
    ),
    "the only weight": (
        spec("ppo", **ONE_REWARD, search=parameter("reward.weights.safety", "[1, 2]")),
        "reward.weights.safety",
    ),
    "precision of ppo": (spec("ppo", training="{bf16: false}"), "trial.training.bf16"),
    "columns' rows": (
        spec(data="{source: org/data, allow_benchmark_training: true}"),
        "allow_benchmark_training",
    ),
    "weights twice": (
        spec(
            data="{mixture: [{source: org/a, weight: 2}, {source: org/b, weight: 1}], "
            "weights: {a: 1, b: 1}}"
        ),
        "weight",
    ),
}


@pytest.mark.parametrize("case", WARNED.values(), ids=WARNED.keys())
def test_what_is_often_left_over_is_only_told(tmp_path: Path, case: tuple[str, str]) -> None:
    text, field = case
    loaded = load_spec(write(tmp_path, text))
    assert loaded.warnings
    assert all(w.field.endswith(field) and w.line and w.fix for w in loaded.warnings)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (spec("ppo", search=parameter("training.kl_horizon", "[5, 9]")), "training.kl_horizon"),
        (spec("ppo", search=parameter("lora.lora_dropout", "[0, 0.1]")), "lora.lora_dropout"),
        (
            spec(search=conditional("training.warmup_steps", "training.lr_scheduler_type", UNWARM)),
            "training.warmup_steps",
        ),
    ],
)
def test_what_is_searched_in_vain_is_refused(tmp_path: Path, text: str, path: str) -> None:
    problem = at(problems_of(write(tmp_path, text)), f"search.parameters.{path}")
    assert "is searched, and " in problem.message


@pytest.mark.parametrize(
    "text",
    [
        spec("ppo", training="{kl_target: 6, kl_horizon: 5}"),
        spec(
            "ppo", training="{kl_horizon: 5}", search=parameter("training.kl_target", "[null, 6]")
        ),
        spec("grpo", training="{num_iterations: 2, epsilon: 0.3}"),
        spec(training="{lr_scheduler_type: constant, warmup_steps: 0}"),
        spec(
            search=conditional(
                "training.warmup_steps", "training.lr_scheduler_type", "[constant, linear]"
            )
        ),
        spec(
            "ppo",
            reward="{weights: {safety: 1, factuality: 1}}",
            search=parameter("reward.weights.safety", "[1, 2]"),
        ),
        spec("ppo", training="{kl_estimator: k3}"),
        spec(training="{bf16: false, fp16: true}"),
        spec(evaluation="{metrics: [bertscore], bertscore_model: org/encoder}"),
        spec(evaluation="{metrics: [perplexity], examples: [Why], max_new_tokens: 8}"),
        spec("ppo", evaluation="{metrics: [perplexity], limit: 8}"),
        spec(evaluation=ENTRY.format("measures: [exact_match], samples: 3, temperature: 0.2")),
        staged(SFT_STAGE, PPO_STAGE, lora="{lora_dropout: 0.1}"),
        staged(
            SFT_STAGE,
            f"{{name: b, kind: reward, data: {PAIRS}}}",
            model="{name_or_path: 'toy:llama', attn_implementation: eager}",
            evaluation="{limit: 4, benchmarks: [pubmedqa]}",
        ),
        spec(search="cluster: {target: ray, address: 'h:1'}\n"),
        spec(data="{source: org/data, fields: {question: q}, subset: a, revision: b}"),
    ],
)
def test_what_has_an_effect_is_left_alone(tmp_path: Path, text: str) -> None:
    assert load_spec(write(tmp_path, text)).warnings == ()


def test_plan_prints_a_line_for_each_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))
    file = write(tmp_path, WARNED["epochs"][0])
    done = CliRunner().invoke(app, ["plan", str(file)])
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.output.splitlines() if line.startswith("Warning: ")]
    assert "trial.training.num_train_epochs: has no effect where training.max_steps" in line
