"""One case for each kind of bad input: file, line, field, value, message and fix."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from search_spaces.space import build_space
from sweeps.control.proposer import Proposer
from sweeps.presets.find import description, presets
from sweeps.reading.loading import load_spec, spec_schema
from sweeps.spec.errors import Problem, SpecError

BASE = """\
name: night-run
trial:
  kind: sft
  model: {name_or_path: org/model}
  data: {source: org/data}
  lora: {r: 8}
  training: {learning_rate: 2e-4}
  evaluation: {metrics: [perplexity, rouge, bleu]}
search:
  parameters:
    lora.r: {values: [4, 8]}
    training.learning_rate: {distribution: log_uniform_values, min: 1e-5, max: 1e-3}
  baselines:
    first: {lora.r: 8}
  objective: {metric: val_loss, mode: min}
  sampler: tpe
  num_trials: 4
tracking: {tensorboard: false}
"""
MARK = "  # <-"  # stands on the line that the problem must name
HF = "hf_" + "aB3" * 11
WANDB = "0123456789abcdef" * 2 + "01234567"


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "spec.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def changed(old: str, new: str) -> str:
    assert BASE.count(old) == 1, old
    return BASE.replace(old, new)


def problems_of(file: Path | str, overrides: tuple[str, ...] = ()) -> list[Problem]:
    with pytest.raises(SpecError) as caught:
        load_spec(file, overrides)
    return caught.value.problems


def at(problems: list[Problem], field: str) -> Problem:
    found = [problem for problem in problems if problem.field == field]
    assert len(found) == 1, "\n".join(map(str, problems))
    return found[0]


LR = "{distribution: log_uniform_values, min: 1e-5, max: 1e-3}"
BAD = {
    "misspelt key": (
        ("learning_rate: 2e-4", "learnin_rate: 2e-4"),
        ("trial.training.learnin_rate", 2e-4, "not a known key", "`learning_rate`"),
    ),
    "misspelt section": (
        ("tracking: {", "trackin: {"),
        ("trackin", {"tensorboard": False}, "not a known key", "`tracking`"),
    ),
    "key of another section": (
        ("{r: 8}", "{r: 8, weight_decay: 0.1}"),
        ("trial.lora.weight_decay", 0.1, "not a known key", "trial.training"),
    ),
    "another tool's name": (
        ("{r: 8}", "{r: 8, rank: 4}"),
        ("trial.lora.rank", 4, "not a known key", "`r`"),
    ),
    "warmup_ratio": (
        ("{learning_rate: 2e-4}", "{warmup_ratio: 0.1}"),
        ("trial.training.warmup_ratio", 0.1, "share of all steps", "`warmup_steps: 0.1`"),
    ),
    "not yet": (
        ("tracking:", "budget: {hours: 3}  # <-\ntracking:"),
        ("budget", None, "not available yet", "Remove"),
    ),
    "unknown kind": (
        ("kind: sft", "kind: sftt"),
        ("trial.kind", "sftt", "there is: sft", "`sft`"),
    ),
    "text for a number": (
        ("{r: 8}", '{r: "8"}'),
        ("trial.lora.r", "8", "a number, not text", "default: 8"),
    ),
    "no is not false": (
        ("{r: 8}", "{r: 8, use_dora: no}"),
        ("trial.lora.use_dora", "no", "true or false", "default: false"),
    ),
    "out of bounds": (
        ("{r: 8}", "{r: 0}"),
        ("trial.lora.r", 0, "1 or more", "default: 8"),
    ),
    "not one of": (
        ("org/model}", "org/model, quantization: int4}"),
        ("trial.model.quantization", "int4", "'nf4', 'int8' or 'none'", "default: none"),
    ),
    "union": (
        ("tracking:", "cluster: {cpus_per_trial: x}  # <-\ntracking:"),
        ("cluster.cpus_per_trial", "x", "a number or must be 'auto'", "default: auto"),
    ),
    "infinite": (
        ("2e-4", ".inf"),
        ("trial.training.learning_rate", float("inf"), "finite", "default: 0.0002"),
    ),
    "split": (
        ("org/data}", "org/data, split: [0.5, 0.2, 0.1]}"),
        ("trial.data", None, "must sum to 1, got [0.5, 0.2, 0.1]", "Correct"),
    ),
    "name of number": (
        ("name: night-run", "name: 2024"),
        ("name", 2024, "must be text", '"2024"'),
    ),
    "name with slash": (("night-run", "a/b"), ("name", "a/b", "slash", "letters")),
    "name with dots": (("night-run", "a..b"), ("name", "a..b", "`..`", "letters")),
    "name with control": (
        ("night-run", '"a\\tb"'),
        ("name", "a\tb", "control characters", "letters"),
    ),
    "long name": (("night-run", "a" * 65), ("name", "a" * 65, "65 characters", "letters")),
    "name with blanks": (("night-run", "a b"), ("name", "a b", "' '", "letters")),
    "min above max": (
        ("{values: [4, 8]}", "{min: 8, max: 4}"),
        ("search.parameters.lora.r.min", 8, "below max (4)", "Exchange"),
    ),
    "log of zero": (
        (LR, LR.replace("1e-5", "0")),
        ("search.parameters.training.learning_rate.min", 0, "above 0", "Raise min"),
    ),
    "nan bound": (
        (LR, LR.replace("1e-5", ".nan")),
        ("search.parameters.training.learning_rate.min", None, "finite", "Correct"),
    ),
    "no values": (
        ("{values: [4, 8]}", "{values: []}"),
        ("search.parameters.lora.r.values", [], "no value", "at least one"),
    ),
    "exponents": (
        (LR, "{distribution: log_uniform, min: -11, max: -7}"),
        (
            "search.parameters.training.learning_rate.distribution",
            "log_uniform",
            "exponents",
            "log_uniform_values",
        ),
    ),
    "attribute": (
        ("{values: [4, 8]}", "{vales: [4, 8]}"),
        ("search.parameters.lora.r.vales", [4, 8], "not a known key", "`values`"),
    ),
    "bare list": (
        ("{values: [4, 8]}", "[4, 8]"),
        ("search.parameters.lora.r", [4, 8], "not a list", "{values: [4, 8]}"),
    ),
    "unknown path": (
        ("training.learning_rate: {dis", "training.learnin_rate: {dis"),
        (
            "search.parameters.training.learnin_rate",
            "training.learnin_rate",
            "not a field of the trial",
            "`training.learning_rate`",
        ),
    ),
    "section as path": (
        ("lora.r: {values: [4, 8]}", "lora: {values: [4, 8]}"),
        ("search.parameters.lora", "lora", "a section", "`lora.r`"),
    ),
    "old path": (
        ("training.learning_rate: {dis", "training.warmup_ratio: {dis"),
        (
            "search.parameters.training.warmup_ratio",
            "training.warmup_ratio",
            "share of all steps",
            "`training.warmup_steps`",
        ),
    ),
    "illegal choice": (
        ("[4, 8]", "[8, 0]"),
        ("search.parameters.lora.r.values.1", 0, "1 or more", "Correct"),
    ),
    "illegal end": (
        (LR, "{min: -1.0, max: 1.0}"),
        ("search.parameters.training.learning_rate.min", -1.0, "above 0", "Narrow"),
    ),
    "fractions for a whole number": (
        ("{values: [4, 8]}", "{distribution: log_uniform_values, min: 4, max: 8}"),
        (
            "search.parameters.lora.r",
            {"distribution": "log_uniform_values", "max": 8, "min": 4},
            "whole number",
            "int_uniform",
        ),
    ),
    "kind searched": (
        ("lora.r: {values: [4, 8]}", "kind: {values: [sft]}"),
        ("search.parameters.kind", "kind", "cannot be searched", "Remove"),
    ),
    "illegal split choice": (
        ("lora.r: {values: [4, 8]}", "data.split: {values: [[1, 1, 1]]}"),
        ("search.parameters.data.split.values.0", [1, 1, 1], "sum to 1", "Correct"),
    ),
    "condition": (
        ("[4, 8]}", "[4, 8], when: {training.max_length: 64}}"),
        ("search.parameters.lora.r.when.training.max_length", None, "not a param", "Search it"),
    ),
    "baseline outside": (
        ("{lora.r: 8}", "{lora.r: 0}"),
        ("search.baselines.first.lora.r", 0, "is illegal: ", "Correct"),
    ),
    "baseline's unknown key": (
        ("{lora.r: 8}", "{lora.rr: 8}"),
        ("search.baselines.first.lora.rr", 8, "not a field", "`lora.r`"),
    ),
    "baseline's key that is not searched": (
        ("{lora.r: 8}", "{training.max_length: 64}"),
        ("search.baselines.first.training.max_length", 64, "not a parameter", "Add it"),
    ),
    "same baseline": (
        ("first: {lora.r: 8}", "first: {lora.r: 8}\n    second: {}  # <-"),
        ("search.baselines.second", None, "same configuration as first", "Remove"),
    ),
    "unknown metric": (
        ("metric: val_loss", "metric: val_los"),
        ("search.objective.metric", "val_los", "not a metric", "`val_loss`"),
    ),
    "metric not measured": (
        ("metrics: [perplexity, rouge, bleu]}", "metrics: [perplexity]}"),
        None,
    ),
    "no mode": (
        ("{metric: val_loss, mode: min}", "{metric: bleu}"),
        ("search.objective.mode", None, "missing", "`mode: max`"),
    ),
    "balanced": (
        ("sampler: tpe", "selection: {rule: balanced, metrics: [val_loss, blue]}"),
        ("search.selection.metrics.1", "blue", "not a metric", "`bleu`"),
    ),
    "stopping on several": (
        (
            "objective: {metric: val_loss, mode: min}",
            "early_stopping: {kind: asha}  # <-\n"
            "  objective: [{metric: val_loss, mode: min}, {metric: bleu, mode: max}]",
        ),
        ("search.early_stopping.metric", None, "several objectives", "val_loss"),
    ),
    "stopping on a late metric": (
        ("sampler: tpe", "early_stopping: {kind: asha, metric: bleu}"),
        ("search.early_stopping.metric", "bleu", "only at a trial's end", "val_loss"),
    ),
    "no trials": (
        ("num_trials: 4", "num_trials: 0"),
        ("search.num_trials", 0, "1 or more", "default: 10"),
    ),
    "grid of a range": (
        ("sampler: tpe", "sampler: grid"),
        None,
    ),
    "missing file": (
        ("org/data}", "./nowhere/data.jsonl}"),
        ("trial.data.source", "./nowhere/data.jsonl", "does not exist", "no folder nowhere"),
    ),
    "hub token": (
        ("org/model", HF),
        ("trial.model.name_or_path", "hf_***", "secret", "HF_TOKEN"),
    ),
    "wandb key": (
        ("{tensorboard: false}", f"{{wandb: {{entity: {WANDB}}}}}"),
        ("tracking.wandb.entity", "***", "secret", "WANDB_API_KEY"),
    ),
    "aws key": (
        ("org/data", "AKIA" + "Z" * 16),
        ("trial.data.source", "AKIA***", "secret", "AWS_ACCESS_KEY_ID"),
    ),
    "url with password": (
        ("org/data", "https://me:hunter2@example.org/x"),
        ("trial.data.source", "://***", "secret", "netrc"),
    ),
    "duplicate key": (
        ("{r: 8}", "{r: 8}\n  lora: {r: 16}  # <-"),
        ("trial.lora", None, "twice, first in line 6", "Remove"),
    ),
}
CASES = {name: case for name, case in BAD.items() if case[1] is not None}


def marked(old: str, new: str) -> tuple[str, int]:
    """The spec with the change, and the line that the problem is expected on."""
    text = changed(old, new)
    lines = text.splitlines()
    found = [i for i, line in enumerate(lines, 1) if MARK in line]
    return text, found[0] if found else BASE[: BASE.index(old)].count("\n") + 1


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bad_input_is_one_clear_problem(tmp_path: Path, case: tuple) -> None:
    (old, new), (field, value, message, fix) = case
    text, line = marked(old, new)
    file = write(tmp_path, text)
    problem = at(problems_of(file), field)
    assert (problem.file, problem.line) == (str(file), line)
    if message != "finite" or value is not None:  # NaN is not equal to itself
        assert problem.value == value
    assert message in problem.message
    assert fix in (problem.fix or "")


def test_the_base_is_legal_and_typed(tmp_path: Path) -> None:
    file = write(tmp_path, BASE)
    loaded = load_spec(file)
    assert loaded.text == BASE
    assert loaded.file == file
    assert loaded.spec.trial.training.learning_rate == 2e-4
    assert loaded.spec.search.parameters["lora.r"].values == (4, 8)


def test_resolved_spec_reads_back(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, BASE)).spec
    assert type(spec).model_validate(spec.model_dump(mode="json")) == spec


def test_all_problems_at_once_whatever_else_is_wrong(tmp_path: Path) -> None:
    text = BASE.replace("{r: 8}", "{r: 0, x: 1}").replace("metric: val_loss", "metric: x")
    text = text.replace("first: {lora.r: 8}", "first: {lora.r: 0}").replace("num_trials: 4", "a: 4")
    fields = [problem.field for problem in problems_of(write(tmp_path, text), ("sampler=1",))]
    assert fields == [
        "trial.lora.r",
        "trial.lora.x",
        "search.baselines.first.lora.r",
        "search.objective.metric",
        "search.a",
        "sampler",
    ]


def test_metrics_that_the_evaluation_leaves_out(tmp_path: Path) -> None:
    text = BASE.replace("[perplexity, rouge, bleu]", "[perplexity]").replace("val_loss", "rougeL")
    problem = at(problems_of(write(tmp_path, text)), "search.objective.metric")
    assert (problem.value, problem.fix) == ("rougeL", "Add rouge to trial.evaluation.metrics")


@pytest.mark.parametrize("metric", ["train_loss", "minutes"])
def test_metrics_that_every_trial_reports(tmp_path: Path, metric: str) -> None:
    text = BASE.replace("[perplexity, rouge, bleu]", "[]").replace("val_loss", metric)
    assert load_spec(write(tmp_path, text)).spec.search.objectives[0].metric == metric


def test_grid_needs_finite_parameters(tmp_path: Path) -> None:
    file = write(tmp_path, BASE.replace("tpe", "grid"))
    problem = at(problems_of(file), "search.parameters.training.learning_rate")
    assert problem.line == 12
    assert "continuous (log-uniform 1e-05 … 0.001)" in problem.message
    assert "`values`" in str(problem.fix)


@pytest.mark.parametrize("sampler", ["grid", "tpe"])
def test_more_trials_than_points(tmp_path: Path, sampler: str) -> None:
    text = BASE.replace(LR, "{values: [1e-4, 2e-4, 1e-3]}").replace("tpe", sampler)
    assert load_spec(write(tmp_path, text), ["search.num_trials=6"]).spec.search.num_trials == 6
    problem = at(problems_of(write(tmp_path, text), ("search.num_trials=7",)), "search.num_trials")
    assert (problem.file, problem.value) == ("--set", 7)
    assert "has 6 points" in problem.message
    assert "num_trials: 6" in str(problem.fix)


def test_a_baseline_off_the_grid_adds_a_trial(tmp_path: Path) -> None:
    text = BASE.replace(LR, "{values: [1e-4, 1e-3]}").replace("tpe", "grid")
    assert load_spec(write(tmp_path, text), ["search.num_trials=5"]).spec.search.num_trials == 5
    assert problems_of(write(tmp_path, text), ("search.num_trials=6",))


def test_a_baseline_may_lie_outside_the_search(tmp_path: Path) -> None:
    loaded = load_spec(write(tmp_path, BASE.replace("first: {lora.r: 8}", "first: {lora.r: 16}")))
    assert loaded.spec.search.baselines == {"first": {"lora.r": 16}}
    space = build_space(loaded.spec.search.parameters)
    proposer = Proposer(loaded.spec.search, space)
    label, values = proposer.next(1, loaded.spec.trial) or (None, {})
    assert (label, values["lora.r"]) == ("first", 16)
    assert proposer.study.trials == []  # the sampler is not told of it
    _, values = proposer.next(2, loaded.spec.trial) or (None, {})
    assert space.contains(values)


def test_fewer_trials_than_baselines(tmp_path: Path) -> None:
    text = BASE.replace("first: {lora.r: 8}", "a: {lora.r: 8}\n    b: {lora.r: 4}")
    problem = at(problems_of(write(tmp_path, text), ("search.num_trials=1",)), "search.num_trials")
    assert "baselines" in problem.message
    assert "2" in str(problem.fix)


def test_cmaes_needs_numbers_and_one_objective(tmp_path: Path) -> None:
    text = BASE.replace("tpe", "cmaes")
    assert load_spec(write(tmp_path, text)).spec.search.sampler == "cmaes"
    file = write(tmp_path, text.replace(LR, "{values: [1e-4, 2e-4]}"))
    assert "range of numbers" in at(problems_of(file), "search.sampler").message


def test_model_and_module_lists_can_be_searched(tmp_path: Path) -> None:
    text = changed(
        "lora.r: {values: [4, 8]}",
        "lora.r: {values: [4, 8]}\n    model.name_or_path: {values: [org/a, org/b]}\n"
        "    lora.target_modules: {values: [[q_proj, v_proj], [q_proj, k_proj]]}",
    )
    parameters = load_spec(write(tmp_path, text)).spec.search.parameters
    assert parameters["lora.target_modules"].values == (["q_proj", "v_proj"], ["q_proj", "k_proj"])


def test_missing_data_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "flashcards.jsonl").write_text("")
    wrong = tmp_path / "flashcard.jsonl"
    problem = at(problems_of(write(tmp_path, changed("org/data", str(wrong)))), "trial.data.source")
    assert problem.value == str(wrong)
    assert str(tmp_path / "flashcards.jsonl") in str(problem.fix)


def test_unknown_source_names_preset_and_file(tmp_path: Path) -> None:
    problem = problems_of("dem")[0]
    assert problem.file == "dem"
    assert "no file and no preset" in problem.message
    assert "`demo`" in str(problem.fix)
    write(tmp_path, BASE)
    assert "spec.yaml" in str(problems_of(str(tmp_path / "spek.yaml"))[0].fix)


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"name: a\ntrial: {x: [1\n", 2, "not valid YAML"),
        (b"name: a\n\ttrial: 1\n", 2, "not valid YAML"),
        (b"name: a\nb: \xff\n", 2, "not UTF-8"),
        (b"name: a\nb: \x07\n", 2, "control character"),
        (b"", 1, "empty"),
        (b"- 1\n", 1, "mapping"),
        (b"a: &x [*x]\n", 1, "alias that contains itself"),
        (b"a: !!python/object:os.system {}\n", 1, "unknown tag"),
        (b"a: !x 3\n", 1, "unknown tag"),
        (b"[" * 5000, None, "nested too deeply"),
    ],
)
def test_files_that_are_no_spec(
    tmp_path: Path, content: bytes, line: int | None, message: str
) -> None:
    file = tmp_path / "spec.yaml"
    file.write_bytes(content)
    problem = problems_of(file)[0]
    assert problem.file == str(file)
    assert message in problem.message
    assert problem.fix
    if line is not None:
        assert problem.line == line


def test_a_folder_is_no_spec(tmp_path: Path) -> None:
    assert "folder" in problems_of(tmp_path)[0].message


def test_every_message_has_a_fix_and_hides_secrets(tmp_path: Path) -> None:
    text = BASE.replace("org/model", HF).replace("{r: 8}", f"{{r: {HF}, {HF}: {HF}}}")
    text = text.replace("night-run", f"x/{HF}").replace("[4, 8]", f"[{HF}]") + f"# {HF}\n"
    text += f"extra: {{password: hunter2, deep: [{WANDB}], hub_token: abc}}\npassword: 87654321\n"
    problems = problems_of(write(tmp_path, text), (f"trial.data.source={HF}", f"a.{HF}.b=1"))
    everything = "\n".join(map(repr, problems)) + "\n".join(map(str, problems))
    for secret in (HF, HF[3:], WANDB, "hunter2", "87654321"):
        assert secret not in everything
    assert all(problem.fix for problem in problems)


def test_a_key_missing_below_an_override_is_told_there(tmp_path: Path) -> None:
    problems = problems_of(write(tmp_path, BASE), ("search.objective={metric: bleu}",))
    assert at(problems, "search.objective.mode").file == "--set"


def test_a_secret_in_a_comment_is_found(tmp_path: Path) -> None:
    problem = problems_of(write(tmp_path, BASE + f"# {HF}\n"))[0]
    assert (problem.line, problem.value) == (BASE.count("\n") + 1, "hf_***")


def test_a_git_commit_is_no_secret(tmp_path: Path) -> None:
    text = changed("org/model", f"org/model, revision: {WANDB}")
    assert load_spec(write(tmp_path, text)).spec.trial.model.revision == WANDB


@pytest.mark.parametrize("name", presets())
def test_every_preset_loads_and_describes_itself(name: str) -> None:
    assert load_spec(name).spec.name == name
    assert len(description(name)) > 20


JUNK = ["null", "3", "-1", ".nan", "x", "true", "[]", "[1, [2]]", "{}", "{a: {b: 1}}", "[{a: 1}]"]
PLACES = [
    "name",
    "trial",
    "trial.kind",
    "trial.model",
    "trial.model.name_or_path",
    "trial.data",
    "trial.data.source",
    "trial.data.split",
    "trial.lora",
    "trial.lora.target_modules",
    "trial.training",
    "trial.evaluation",
    "trial.evaluation.metrics",
    "search",
    "search.parameters",
    "search.parameters.lora.r",
    "search.parameters.lora.r.values",
    "search.parameters.lora.r.when",
    "search.parameters.lora.r.simplex",
    "search.parameters.lora.r.min",
    "search.parameters.lora.r.distribution",
    "search.parameters.data.source",
    "search.parameters.lora.r.q",
    "search.baselines",
    "search.baselines.first",
    "search.baselines.first.lora.r",
    "search.baselines.first.data.source",
    "search.objective",
    "search.objective.metric",
    "search.sampler",
    "search.early_stopping",
    "search.selection",
    "search.num_trials",
    "search.selection.metrics",
    "cluster",
    "tracking",
    "tracking.wandb",
]


@pytest.mark.parametrize("place", PLACES)
def test_junk_anywhere_is_a_problem_or_legal_but_never_a_crash(tmp_path: Path, place: str) -> None:
    file = write(tmp_path, BASE)
    found = [problems_or_none(file, f"{place}={junk}") for junk in JUNK]
    refused = [problems for problems in found if problems]
    assert refused
    assert all(problem.fix for problems in refused for problem in problems)
    # what an override breaks elsewhere (a baseline) is told there
    assert any(p.file == "--set" for problems in refused for p in problems), refused


def problems_or_none(file: Path, override: str) -> list[Problem]:
    try:
        load_spec(file, [override])
    except SpecError as error:
        return error.problems
    return []


def test_schema_names_every_section() -> None:
    schema = spec_schema()
    sections = {"name", "trial", "search", "cluster", "tracking", "limits", "confirm", "smoke"}
    assert set(schema["properties"]) == sections
    parameter = schema["$defs"]["Parameter"]
    assert set(parameter["properties"]) >= {"value", "values", "min", "max", "when", "simplex"}
    assert parameter["additionalProperties"] is False


def test_reading_a_spec_is_light_and_quick() -> None:
    script = (
        "import sys, sweeps.reading.loading as l; l.load_spec('demo');"
        "print([m for m in ('torch','transformers','ray','optuna','wandb','datasets')"
        " if m in sys.modules])"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    seconds = time.perf_counter() - started
    assert done.stdout.strip() == "[]", done.stderr
    assert seconds < 3  # 0.4 s alone; the margin is for a busy machine


def test_smoke_applies_the_specs_own_overrides_before_set(tmp_path: Path) -> None:
    small = "smoke: {search.num_trials: 2, trial.lora.r: 1, search.parameters.lora.r.values: [8]}\n"
    file = write(tmp_path, BASE + small)
    assert load_spec(file).spec.search.num_trials == 4
    loaded = load_spec(file, ["trial.lora.r=3"], smoke=True)
    assert (loaded.spec.search.num_trials, loaded.spec.trial.lora.r) == (2, 3)
    assert loaded.spec.search.parameters["lora.r"].values == (8,)
    assert "search.num_trials=2" in loaded.overrides


def test_smoke_without_a_section_or_with_a_bad_one(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="has no `smoke` section"):
        load_spec(write(tmp_path, BASE), smoke=True)
    with pytest.raises(SpecError, match="lora"):
        load_spec(write(tmp_path, BASE + "smoke: {trial.lora.rank: 2}\n"), smoke=True)
