"""The data of a staged trial: each stage's own, and no row on both sides anywhere."""

import hashlib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from trainables.data.leaks import leaks
from trainables.data.rows import Row
from trainables.data.token_rows import TokenRows
from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.data.prepared import Prepared


def together(
    names: Sequence[str], parts: Sequence["Prepared"], paired: Collection[str] = ()
) -> "Prepared":
    """One Prepared for the trial, a stage's each in `stages`; the rows of those `paired` are pairs.

    Training rows that repeat a validation row of another stage are dropped and counted
    (`other_stage`). Raises InputError where none is left.
    """
    clear = [_without_held(place, parts, name in paired) for place, name in enumerate(names)]
    named = [(name, part.key) for name, part in zip(names, clear, strict=True)]
    stages = tuple(part._replace(benchmarks=()) for part in clear)  # the same for all: kept once
    return clear[-1]._replace(
        key=_key([word for pair in named for word in pair], len(clear[-1].key)),
        report={"stages": {name: part.report for name, part in zip(names, clear, strict=True)}},
        general=None,
        general_key="".join(part.general_key for part in clear),
        stages=stages,
        elsewhere=_others(stages, names, len(stages) - 1, paired),
    )


def of_stage(
    whole: "Prepared", names: Sequence[str], place: int, paired: Collection[str] = ()
) -> "Prepared":
    """What a stage has as a trial of its own; it is measured on the other stages' rows too."""
    others = _others(whole.stages, names, place, paired)
    return whole.stages[place]._replace(benchmarks=whole.benchmarks, elsewhere=others)


def _others(
    stages: Sequence["Prepared"], names: Sequence[str], place: int, paired: Collection[str]
) -> tuple[tuple[str, TokenRows], ...]:
    """The validation rows of the other stages; a loss on pairs would say nothing."""
    found = zip(names, stages, strict=True)
    kept = (pair for i, pair in enumerate(found) if i != place and pair[0] not in paired)
    return tuple((name, stage.validation) for name, stage in kept)


def _without_held(place: int, parts: Sequence["Prepared"], paired: bool) -> "Prepared":
    own = parts[place]
    others = (part.validation for i, part in enumerate(parts) if i != place)
    held = [row for rows in others for row in _texts(rows)]
    leaked = leaks(_texts(own.train), held)
    if paired:
        leaked |= {row ^ 1 for row in leaked}  # rows 2i and 2i + 1 are one pair
    if not leaked:
        return own._replace(own_key=own.key)
    left = [row for row in range(len(own.train)) if row not in leaked]
    each = 2 if paired else 1
    if not left:
        what = f"all {len(own.train)} training rows are validation rows of other stages"
        raise InputError(f"stages.{place}.data", None, what, "Give the stages different rows")
    train, report = own.train.take(left), own.report
    tokens = {"train": len(train.tokens), "answer_train": train.answer_tokens()}
    return own._replace(
        key=_key([own.key, *(part.key for part in parts)], len(own.key)),
        own_key=_key([own.key, *map(str, left)], len(own.key)),
        train=train,
        report={
            **report,
            "dropped": {**report["dropped"], "other_stage": len(leaked) // each},
            "kept": {**report["kept"], "train": len(train) // each},
            "tokens": {**report["tokens"], **tokens},
        },
    )


def _texts(rows: TokenRows) -> list[Row]:
    texts = zip(rows.ids, rows.questions, rows.references, strict=True)
    return [Row(name, "", question, answer) for name, question, answer in texts]


def _key(parts: Sequence[str], length: int) -> str:
    return hashlib.sha256(":".join(parts).encode()).hexdigest()[:length]
