"""Rows as the model sees them: what `medsweep rows` and `medsweep plan --prepare` show."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sweeps.planning.lost_rows import lost_rows
from sweeps.readiness.preparation import Preparation
from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import SweepSpec
from trainables.data.as_seen import Part, parts_of
from trainables.data.components import private_components
from trainables.data.losses import words
from trainables.data.pairs.config import PairsConfig, private_sources
from trainables.kinds import PAIRED
from trainables.staged.config import StagedConfig
from trainables.training.config import SingleTrial

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from trainables.data.prepared import Prepared
    from trainables.data.token_rows import TokenRows

SAMPLED = frozenset({"ppo", "grpo"})  # kinds that see a prompt and answer it themselves
SPLITS = {"train": "training", "validation": "validation"}
ANSWERS = ("chosen", "rejected")  # rows 2i and 2i + 1 of pairs
SHOWN_IDS = 3  # in an error


class SeenRow(NamedTuple):
    """A row, one answer of a pair, or a prompt; `parts` None where it is private."""

    stage: str  # "" where there is one training
    id: str
    name: str  # `row 7`, `pair 7, chosen answer`, `prompt 7`
    split: str
    about: str  # its tokens in words
    parts: list[Part] | None


def seen_rows(
    spec: SweepSpec,
    preparation: Preparation,
    number: int = 1,
    split: str = "train",
    ids: Sequence[str] = (),
) -> list[SeenRow]:
    """The first `number` rows of a split of each stage, or those of the `ids` in any split.

    Of pairs both answers. Raises SpecError where an id is nowhere, InputError.
    """
    found = [
        row
        for stage, trial, prepared in trainings_of(spec, preparation)
        for row in _of_stage(stage, trial, prepared, preparation, number, split, ids)
    ]
    known = {row.id for row in found}
    if missing := [id_ for id_ in ids if id_ not in known]:
        raise SpecError([_unknown(id_, spec, preparation) for id_ in missing])
    return found


def trainings_of(
    spec: SweepSpec, preparation: Preparation
) -> Iterator[tuple[str, SingleTrial, "Prepared"]]:
    """Each training of the spec's trial with its rows, and its name where there are stages."""
    prepared = preparation.data(spec.trial)
    if not isinstance(spec.trial, StagedConfig):
        (alone,) = spec.trial.stage_trials
        yield "", alone, prepared
        return
    names = [stage.name for stage in spec.trial.stages]
    yield from zip(names, spec.trial.stage_trials, prepared.stages, strict=True)


def _of_stage(
    stage: str,
    trial: SingleTrial,
    prepared: "Prepared",
    preparation: Preparation,
    number: int,
    split: str,
    ids: Sequence[str],
) -> Iterator[SeenRow]:
    from trainables.models.tokenizer import load_tokenizer

    folder = preparation.model_folder(trial.model)
    tokenizer = load_tokenizer(folder, trial.model.template_date)
    each = 2 if trial.kind in PAIRED else 1
    for name in SPLITS if ids else (split,):
        rows: TokenRows = getattr(prepared, name)
        wanted = range(min(len(rows), number * each))
        named = [p for p in range(len(rows)) if _own_id(rows, p, trial.kind) in ids]
        places = named if ids else wanted
        for place in places:
            yield _seen(tokenizer, stage, trial, name, rows, place)


def _seen(
    tokenizer: "PreTrainedTokenizerBase",
    stage: str,
    trial: SingleTrial,
    split: str,
    rows: "TokenRows",
    place: int,
) -> SeenRow:
    sampled, paired = trial.kind in SAMPLED, trial.kind in PAIRED
    answer = f", {ANSWERS[place % 2]} answer" if paired else ""
    own_id = _own_id(rows, place, trial.kind)
    name = f"{'prompt' if sampled else 'pair' if paired else 'row'} {own_id}{answer}"
    private = _private(trial)
    if "" in private or rows.component(place) in private:
        return SeenRow(stage, own_id, name, SPLITS[split], "private: it is not shown", None)
    tokens = rows.prompt(place) if sampled else rows.row(place)
    learnt = [] if sampled else rows.supervised(place).tolist()
    about = _about(trial, rows, place, len(tokens), len(learnt))
    parts = list(parts_of(tokenizer, tokens.tolist(), learnt))
    return SeenRow(stage, own_id, name, SPLITS[split], about, parts)


def _private(trial: SingleTrial) -> frozenset[str]:
    """The parts of a mixture that must not be shown; "" where all must not."""
    if isinstance(trial.data, PairsConfig):
        return private_sources(trial.data)
    return private_components(trial.data)


def _about(trial: SingleTrial, rows: "TokenRows", place: int, tokens: int, learnt: int) -> str:
    if trial.kind in SAMPLED:
        return f"{tokens:,} tokens; the model goes on from here, and its answers are rewarded"
    use = {"reward": "are the answer, scored at its end", "dpo": "are the answer, compared"}
    told = f"{tokens:,} tokens, of which {learnt:,} {use.get(trial.kind, 'are learnt')}"
    length = trial.training.max_length
    if tokens == length and rows.answer_bytes[place] < len(rows.references[place].encode()):
        told += f"; cut at {length:,} tokens (training.max_length)"
    return told


def _own_id(rows: "TokenRows", place: int, kind: str) -> str:
    """The row's id, without what tells a pair's answers apart."""
    return (
        rows.ids[place].removesuffix(f"/{ANSWERS[place % 2]}")
        if kind in PAIRED
        else rows.ids[place]
    )


def _unknown(id_: str, spec: SweepSpec, preparation: Preparation) -> Problem:
    lost = next((row for row in lost_rows(spec.trial) if row.id == id_), None)
    if lost:
        message = f"was dropped by a filter: {words(lost.step)}"
        return Problem(None, None, "--row", id_, message, "See data.cleaning, and `--dropped`")
    known: list[str] = []
    for _, trial, prepared in trainings_of(spec, preparation):
        each = 2 if trial.kind in PAIRED else 1
        shown = range(0, min(len(prepared.train), SHOWN_IDS * each), each)
        known += [_own_id(prepared.train, place, trial.kind) for place in shown]
    message = "is no training and no validation row: there is none, it was left out later (a limit,"
    message += " a repeated row of another split), or it is one of the sealed test rows"
    return Problem(None, None, "--row", id_, message, f"Rows are called {', '.join(known)}, …")
