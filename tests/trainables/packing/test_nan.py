"""A poisoned trial changes no other trial by one bit."""

import math

import pytest

from tests.trainables.packing.packs import fields, numbers
from tests.trainables.sft.trials import TOY, config, pairs, prepared, token_rows_of, toy_tokenizer
from trainables.context import ListContext, Report
from trainables.data.prepared import Prepared
from trainables.models.load import Base
from trainables.packing.pack import Pack
from trainables.saved import TrialFailed


def even() -> Prepared:
    """Rows of one length: attention takes its path without padding."""
    rows = token_rows_of([(f"Code {i}?", f"Code A{i}.") for i in range(10, 18)], toy_tokenizer())
    assert len(set(rows.lengths())) == 1
    return Prepared("even", rows, rows, {})


def uneven() -> Prepared:
    """Rows of different lengths: attention pads."""
    rows = token_rows_of(pairs(0, 8), toy_tokenizer())
    assert len(set(rows.lengths())) > 2
    return Prepared("uneven", rows, rows, {})


def three(base: Base, data: Prepared, poison: float | None) -> tuple[list[Report], list[Report]]:
    """The first and last of three trials; NaN may enter the one between them, in its weights."""
    pack = Pack(base, TOY)
    contexts = [ListContext(data) for _ in range(3)]
    for number, context in enumerate(contexts):
        trial = config(
            lora=fields(r=4 + number, lora_dropout=0.1, target_modules="all-linear"),
            training=fields(seed=number, max_steps=4, per_device_train_batch_size=2),
        )
        pack.join(str(number), trial, context)
    failures = []
    for step in range(4):
        if step == 2 and poison is not None:
            # into every weight: A, B and so hidden states, attention and logits of its rows
            pack.trials["1"].adapter.flat.data.fill_(poison)
            pack.trials["1"].adapter.refresh()
        if step == 3 and poison is None:
            pack.leave("1")  # from then on as if it had failed too
        failures += [e for e in pack.step() if e.error]
    pack.close()
    if poison is not None:
        assert [f.name for f in failures] == ["1"]
        assert isinstance(failures[0].error, TrialFailed)
        assert "nan" in str(failures[0].error)
        assert len(contexts[1].reports) == 2
    return contexts[0].reports, contexts[2].reports


@pytest.mark.parametrize("rows", [even, uneven])
@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_nan_stays_where_it_is(double: Base, rows: object, poison: float) -> None:
    data = rows()  # type: ignore[operator]
    poisoned, clean = three(double, data, poison), three(double, data, None)
    for left, right in zip(poisoned, clean, strict=True):
        assert numbers(left) == numbers(right)
        assert [r.checkpoint and r.checkpoint.adapter for r in left] == [
            r.checkpoint and r.checkpoint.adapter for r in right
        ]
        assert left[-1].final
        assert left[-1].predictions == right[-1].predictions


def test_the_reason_says_what_to_do(double: Base) -> None:
    pack = Pack(double, TOY)
    context = ListContext(prepared())
    pack.join("a", config(training=fields(learning_rate=1e300, max_steps=9)), context)
    errors = [e.error for _ in range(4) for e in pack.step() if e.error]
    pack.close()
    assert len(errors) == 1
    assert "lower learning rate" in str(errors[0])
