"""What a base model's folder brings along: why a sweep cannot use it, and what it means."""

from collections.abc import Iterator
from pathlib import Path

from search_spaces.space import Space
from sweeps.spec.errors import Problem
from sweeps.spec.sections import SweepSpec
from trainables.errors import InputError
from trainables.models.attention_kinds import other_attention
from trainables.models.brings_along import brought_along, learned_positions
from trainables.models.calendar import moves_with_calendar
from trainables.models.config import ModelConfig
from trainables.models.model_folder import NAME

LENGTH = "training.max_length"
DAY = "model.template_date"
OWN_PASSES = ("ppo", "reward")  # kinds that only medsweep's own passes train


def folder_problems(
    spec: SweepSpec, space: Space, model: ModelConfig, folder: Path
) -> Iterator[Problem]:
    """Why no trial can use the model in `folder` as the spec says."""
    searched = NAME in space.parameters
    for found in brought_along(model.name_or_path, folder):
        if found.refused:
            field = f"search.parameters.{found.field}" if searched else f"trial.{found.field}"
            yield Problem(None, None, field, found.value, found.message, found.fix)
    yield from _other_attention(spec, model, folder)
    if not searched:
        yield from _idle_day(spec, space, folder)
    positions = learned_positions(folder)
    if positions is None:
        return
    for field, length in _lengths(spec, space):
        if length > positions:
            message = (
                f"is more than the {positions} positions that {model.name_or_path} has learned"
            )
            yield Problem(None, None, field, length, message, f"Write at most {positions}")


def loading_problems(
    spec: SweepSpec, space: Space, model: ModelConfig, folder: Path
) -> list[Problem]:
    """`folder_problems`, and where there are none why the folder makes no model."""
    if found := list(folder_problems(spec, space, model, folder)):
        return found
    from trainables.models.tried import refuse_unloadable

    try:
        refuse_unloadable(model.name_or_path, folder)
    except InputError as error:
        field = f"search.parameters.{NAME}" if NAME in space.parameters else f"trial.{NAME}"
        value = model.name_or_path
        return [Problem(None, None, field, value, error.message, error.fix)]
    return []


def _other_attention(spec: SweepSpec, model: ModelConfig, folder: Path) -> Iterator[Problem]:
    """A model that what only medsweep computes itself cannot use."""
    own = [t.kind for t in spec.trial.stage_trials if t.kind in OWN_PASSES]
    own += [b.name for b in spec.trial.evaluation.benchmarks]
    if own and (reason := other_attention(folder)):
        message = f"{reason}: {own[0]} needs passes over several texts at once, which would mix"
        fix = "Give a model of attention alone, or train it by sft, dpo or grpo without benchmarks"
        yield Problem(None, None, "trial.model.name_or_path", model.name_or_path, message, fix)


def _idle_day(spec: SweepSpec, space: Space, folder: Path) -> Iterator[Problem]:
    """A day for a chat template that writes none."""
    is_searched = DAY in space.parameters
    day = spec.trial.model.template_date
    if (is_searched or day is not None) and not moves_with_calendar(folder):
        field = f"search.parameters.{DAY}" if is_searched else f"trial.{DAY}"
        what = "has no effect: the model's chat template writes no date"
        yield Problem(None, None, field, day, what, "Remove it")


def remarks(spec: SweepSpec, space: Space, model: ModelConfig, folder: Path) -> Iterator[str]:
    """What else there is to know of it before anything starts, a line each."""
    for found in brought_along(model.name_or_path, folder):
        if not found.refused:
            yield found.message
    if moves_with_calendar(folder):
        day = spec.trial.model.template_date or "the day on which the run is created"
        yield f"its chat template writes today's date: pinned to {day} (model.template_date)"
    positions = learned_positions(folder)
    if positions is None:
        return
    longest = max(length for _, length in _lengths(spec, space))
    answers = spec.trial.evaluation.max_new_tokens
    if longest <= positions < longest + answers:
        yield (
            f"{positions} learned positions: a prompt of more than {positions - answers} tokens "
            f"leaves no room for an answer of {answers} (evaluation.max_new_tokens)"
        )


def _lengths(spec: SweepSpec, space: Space) -> Iterator[tuple[str, int]]:
    """Each field with a length of rows, and the longest that it asks for."""
    if measured := spec.trial.evaluation.max_length:
        yield "trial.evaluation.max_length", measured
    staged = len(spec.trial.stage_trials) > 1 or spec.trial.kind == "staged"
    for place, trial in enumerate(spec.trial.stage_trials):
        path = f"stages.{place}.{LENGTH}" if staged else LENGTH
        parameter = space.parameters.get(path)
        if parameter is None:
            yield f"trial.{path}", trial.training.max_length
            continue
        lengths = [int(p) for p in parameter.probes() if isinstance(p, int | float)]
        yield f"search.parameters.{path}", max(lengths, default=trial.training.max_length)
