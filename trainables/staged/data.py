"""The data of a staged trial: each stage's own, and no row on both sides anywhere."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainables.data.leaks import leaks
from trainables.data.rows import Row
from trainables.data.token_rows import TokenRows
from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.data.prepare import Prepared


def together(names: Sequence[str], parts: Sequence["Prepared"]) -> "Prepared":
    """One Prepared for the trial, a stage's each in `stages`.

    Training rows that repeat a validation row of another stage are dropped and counted
    (`other_stage`). Raises InputError where none is left.
    """
    clear = [_without_held(place, parts) for place in range(len(parts))]
    named = [(name, part.key) for name, part in zip(names, clear, strict=True)]
    stages = tuple(part._replace(benchmarks=()) for part in clear)  # the same for all: kept once
    return clear[-1]._replace(
        key=_key([word for pair in named for word in pair], len(clear[-1].key)),
        report={"stages": {name: part.report for name, part in zip(names, clear, strict=True)}},
        general=None,
        general_key="".join(part.general_key for part in clear),
        stages=stages,
        elsewhere=_others(stages, names, len(stages) - 1),
    )


def of_stage(whole: "Prepared", names: Sequence[str], place: int) -> "Prepared":
    """What a stage has as a trial of its own; it is measured on the other stages' rows too."""
    others = _others(whole.stages, names, place)
    return whole.stages[place]._replace(benchmarks=whole.benchmarks, elsewhere=others)


def _others(
    stages: Sequence["Prepared"], names: Sequence[str], place: int
) -> tuple[tuple[str, TokenRows], ...]:
    pairs = zip(names, stages, strict=True)
    return tuple((name, stage.validation) for i, (name, stage) in enumerate(pairs) if i != place)


def _without_held(place: int, parts: Sequence["Prepared"]) -> "Prepared":
    own = parts[place]
    others = (part.validation for i, part in enumerate(parts) if i != place)
    held = [row for rows in others for row in _texts(rows)]
    leaked = leaks(_texts(own.train), held)
    if not leaked:
        return own
    left = [row for row in range(len(own.train)) if row not in leaked]
    if not left:
        what = f"all {len(own.train)} training rows are validation rows of other stages"
        raise InputError(f"stages.{place}.data", None, what, "Give the stages different rows")
    train, report = own.train.take(left), own.report
    tokens = {"train": len(train.tokens), "answer_train": train.answer_tokens()}
    return own._replace(
        key=_key([own.key, *(part.key for part in parts)], len(own.key)),
        train=train,
        report={
            **report,
            "dropped": {**report["dropped"], "other_stage": len(leaked)},
            "kept": {**report["kept"], "train": len(train)},
            "tokens": {**report["tokens"], **tokens},
        },
    )


def _texts(rows: TokenRows) -> list[Row]:
    texts = zip(rows.ids, rows.questions, rows.references, strict=True)
    return [Row(name, "", question, answer) for name, question, answer in texts]


def _key(parts: Sequence[str], length: int) -> str:
    return hashlib.sha256(":".join(parts).encode()).hexdigest()[:length]
