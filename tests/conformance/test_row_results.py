"""Results row by row of every kind, in every engine: they add up to what the trial reports."""

import io
from collections.abc import Callable, Mapping
from math import log
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.trainables.packing.packs import run_pack
from tests.trainables.sft import trials as sft
from trainables.context import ListContext, Report
from trainables.evaluation.row_results import VALIDATION, parquet_of
from trainables.models.load import load_base
from trainables.training.untouched import evaluate

SFT = sft.config(evaluation={"loss_limit": 4})


def packed(trial: Any, rows: Callable[..., Any]) -> list[Report]:
    """The reports of a trial in a pack."""
    return run_pack(load_base(sft.TOY, "cpu"), {"one": trial}, rows=rows)["one"]


def untouched(trial: Any, rows: Callable[..., Any]) -> list[Report]:
    """The base model's report beside a trial."""
    context = ListContext(rows())
    evaluate(trial, context)
    return context.reports


RUNS: Mapping[str, Callable[[], list[Report]]] = {
    "sft-isolated": lambda: sft.run(SFT),
    "sft-packed": lambda: packed(SFT, sft.prepared),
    "sft-base": lambda: untouched(SFT, sft.prepared),
}


def table(report: Report) -> Any:
    """The file of a report, as a data frame."""
    return pq.read_table(io.BytesIO(parquet_of(report.rows))).to_pandas()


@pytest.mark.parametrize("name", [name for name in RUNS if name.startswith("sft")])
def test_the_rows_of_the_loss_add_up_to_it(name: str) -> None:
    report = RUNS[name]()[-1]
    rows = table(report)
    rows = rows[rows.set == VALIDATION]
    assert list(rows.id) == sft.prepared().validation.ids[:4]
    nats = rows.nats.sum()
    assert nats / rows.tokens.sum() == pytest.approx(report.metrics["val_loss"], abs=1e-9)
    assert nats / log(2) / rows.bytes.sum() == pytest.approx(
        report.metrics["bits_per_byte"], abs=1e-9
    )
    assert not np.isclose(rows.nats.iloc[0] / rows.tokens.iloc[0], report.metrics["val_loss"])
