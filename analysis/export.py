"""Handing over the chosen adapter with a model card and the tokenizer, or a whole model."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analysis.best import explain
from analysis.decision import Decision
from analysis.folds import one_of_several
from analysis.loading import loading
from analysis.measured_again import measured_again
from analysis.measured_weights import merged_numbers, provenance, quantization, write_measured
from analysis.merging import Onto, save_whole
from analysis.mixtures import data_name
from analysis.report.markdown import example_parts, in_code, plain, table
from analysis.runs import Run, TrialView, look_up
from analysis.sealed_test import test_section
from analysis.selection.choice import Chosen
from analysis.system_prompt import prompt_section, write_prompt
from analysis.tables import base_table, evaluation_note
from analysis.verdict.verdict import Verdict
from analysis.whole_folder import occupied, whole_folder
from analysis.wording import NOTICE, delta_text, metric_text, parameter_text, title

DISCLAIMER = f"{NOTICE}. It must not be used to make clinical decisions."

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


WHICH_RUN = (
    "The weights here are those of the search's own run of this configuration; what is said of new "
    "seeds is said of the configuration, not of these weights alone."
)


class ExportError(ValueError):
    """Nothing to export, or nowhere to put it."""


def export_best(
    decision: Decision, destination: Path, merge: bool = False, onto: Onto = "base"
) -> Path:
    """Copy the best adapter of a run, with a model card, to `destination`.

    `merge` adds the adapter to the unquantized base model (`onto` "dequantized": to the base that
    it was trained on, dequantized), saves the whole model as safetensors instead, and measures it
    for the card; where all weights were trained, the model is always what is saved. The
    tokenizer is saved with it where it is at hand without a download (a whole model loads the base
    model, and downloads it where needed). Returns `destination`, which is there whole or not at
    all. ExportError where no trial can be chosen, its adapter is missing, or `destination` exists
    and is not an empty folder, or cannot be written.
    """
    run, choice, told = decision
    if choice is None:
        raise ExportError(f"{run.folder}: nothing to export. {decision.why_none}")
    trial = run.find(choice.trial)
    _refuse(trial, run, merge, onto)
    if occupied(destination):
        raise ExportError(
            f"{destination}: exists and is not an empty folder. Name a new folder, or empty it."
        )
    with _told(destination), whole_folder(destination) as draft:
        tokenizer, numbers = True, ""
        if whole := merge or trial.model is not None:
            save_whole(trial, draft, onto)
        else:
            tokenizer = _copy(trial, draft)
        write_prompt(trial.config, draft, run.data)
        if whole and trial.model is None:
            again = measured_again(run, trial, draft)
            write_measured(trial, again, onto, draft)
            numbers = merged_numbers(trial, again, onto)
        card = model_card(run, choice, whole, tokenizer, numbers, told)
        (draft / "README.md").write_text(card, encoding="utf-8")
    return destination


def _refuse(trial: TrialView, run: Run, merge: bool, onto: Onto) -> None:
    if trial.adapter is None and trial.model is None:
        raise ExportError(f"{run.folder}: {trial.trial} has no adapter folder; was it deleted?")
    if merge and trial.kind == "reward":
        raise ExportError("a reward model cannot be merged: its head is no part of the base model")
    if onto == "dequantized" and not merge:
        raise ExportError("--merge-onto says what --merge merges onto: write --merge too")
    if onto == "dequantized" and (trial.model is not None or quantization(trial) == "none"):
        raise ExportError(
            f"{trial.trial} has no quantized base to merge onto: leave out --merge-onto"
        )


@contextmanager
def _told(destination: Path) -> Iterator[None]:
    """What the disk refuses, in words."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError) as error:
        # transformers raises OSErrors of its own, without a number, where a model is not to be had
        disk = isinstance(error, SafetensorError) or error.errno is not None
        why = getattr(error, "strerror", None) or str(error)
        fix = " Name a folder that can be written to and has room." if disk else ""
        raise ExportError(f"{destination}: nothing was exported: {why}.{fix}") from error


def model_card(
    run: Run,
    choice: Chosen,
    merged: bool,
    tokenizer: bool,
    numbers: str = "",
    told: Verdict | None = None,
) -> str:
    """The README.md of the exported model: front matter as the hub reads it, then the facts;
    `numbers` are those of merged weights."""
    trial = run.find(choice.trial)
    model = str(trial.value("model.name_or_path"))
    parts = [
        _front_matter(model, merged, trial),
        f"# {_shown(run.name)}: {_shown(trial.name)}",
        f"**{DISCLAIMER}**",
        f"{_method(trial)} of `{in_code(model)}` on `{in_code(data_name(trial.config))}`, trial "
        f"{trial.trial} of the medsweep sweep `{in_code(run.name)}`.",
        *(_shown(sentence) for sentence in explain(run, choice, told)),
        *([WHICH_RUN] if told else []),
        "## Parameters",
        _parameters(trial),
        prompt_section(trial.config, run.data),
        "## Measured on the validation split",
        provenance(trial, merged),
        _measured(run, trial),
        *([numbers] if numbers else []),
        *test_section(run, trial.trial),
        *_examples(run, trial),
        *_ratings(run),
        "## Loading it",
        loading(trial, merged, tokenizer),
    ]
    return "\n\n".join(parts) + "\n"


def _copy(trial: TrialView, destination: Path) -> bool:
    """Copy the adapter's files; whether the tokenizer could be saved beside them."""
    assert trial.adapter is not None
    shutil.copytree(trial.adapter, destination, dirs_exist_ok=True)
    _name_base(destination / "adapter_config.json", trial)
    return _save_tokenizer(trial, destination)


def _name_base(path: Path, trial: TrialView) -> None:
    """Put the spec's name of the base model where PEFT kept a path into this machine's cache."""
    if path.is_file():
        settings = json.loads(path.read_text(encoding="utf-8"))
        settings["base_model_name_or_path"] = trial.value("model.name_or_path")
        path.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _save_tokenizer(trial: TrialView, destination: Path) -> bool:
    from trainables.errors import InputError
    from trainables.models.config import ModelConfig
    from trainables.models.resolve import cached_folder
    from trainables.models.tokenizer import load_tokenizer

    try:
        config = ModelConfig.model_validate(_model_settings(trial))
        folder = cached_folder(config)
        if folder is not None:
            load_tokenizer(folder, config.template_date).save_pretrained(destination)
    except (InputError, OSError, ValueError):
        return False  # moved or damaged: the adapter is whole without it, and the card says so
    return folder is not None


def _model_settings(trial: TrialView) -> dict[str, Any]:
    settings: Mapping[str, Any] = trial.config.get("model") or {}
    return dict(settings)


def _method(trial: TrialView) -> str:
    if trial.kind == "reward":
        return "Reward model (LoRA and a scalar head)"
    return "Fine-tuning of all weights" if trial.value("lora") is None else "LoRA fine-tuning"


def _front_matter(model: str, merged: bool, trial: TrialView) -> str:
    lora = "" if trial.value("lora") is None else "lora, "
    task = "text-classification" if trial.kind == "reward" else "text-generation"
    lines = ["---", f"tags: [medical, {lora}medsweep]"]
    if HUB_NAME.fullmatch(model):  # the hub refuses a card whose base_model is no hub name
        lines.append(f"base_model: {json.dumps(model)}")
    lines.append(f"library_name: {'transformers' if merged else 'peft'}")
    return "\n".join([*lines, f"pipeline_tag: {task}", "---"])


def _parameters(trial: TrialView) -> str:
    stages = range(len(trial.config.get("stages") or ()))
    sections = ["model", "lora", "training", "data"]
    sections += [f"stages.{n}.{section}" for n in stages for section in ("training", "data")]
    flat = {
        f"{section}.{name}": value
        for section in sections
        for name, value in (look_up(trial.config, section) or {}).items()
        if value is not None and not isinstance(value, dict) and name != "system_prompt"
    }
    rows = [
        f"| `{in_code(k)}` | {_shown(parameter_text(k, v))} |"
        for k, v in {**flat, **trial.parameters}.items()
    ]
    return "\n".join(["| Parameter | Value |", "|---|---|", *rows])


def _measured(run: Run, trial: TrialView) -> str:
    base = run.base_of(trial)
    lines = base_table(base, trial)
    if base is None or not lines:
        rows = [f"| {_shown(title(m))} | {metric_text(m, v)} |" for m, v in trial.metrics.items()]
        return "\n".join(["| Metric | Fine-Tuned |", "|---|---:|", *rows])
    head = ["| Metric | Base Model | Fine-Tuned | Delta |", "|---|---:|---:|---:|"]
    rows = [
        f"| {_shown(title(c.metric))} | {c.base:.4f} | {c.tuned:.4f} | {delta_text(c.delta)} |"
        for c in lines
    ]
    own = one_of_several(trial, run.trials, run.search)
    return "\n".join([*head, *rows]) + f"\n\n{evaluation_note(base, trial)} {own}".rstrip()


def _examples(run: Run, trial: TrialView) -> Iterator[str]:
    from analysis.report.examples import conversations, examples

    asked, validation = conversations(run, trial), examples(run, trial)
    return example_parts(asked, validation, trial.name, "##")


def _ratings(run: Run) -> list[str]:
    from analysis.report.ratings import rating_tables

    found = [f"**{plain(head)}**\n\n{table(rows)}" for head, rows in rating_tables(run)]
    return ["## Ratings by people", *found] if found else []


def _shown(text: str) -> str:
    """Text of the run as itself; within a line `>` is no markup."""
    return plain(text).replace("&gt;", ">")
