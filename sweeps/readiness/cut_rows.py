"""Rows that did not fit `training.max_length`: told where they are many."""

from collections.abc import Iterator, Mapping
from typing import Any

TOLD_ABOVE = 0.05  # of a split's rows


def cut_rows(report: Mapping[str, Any]) -> str | None:
    """A sentence on the rows of a data set (its counts, as in data.json) that were cut, where they
    are more than TOLD_ABOVE of the training or the validation rows.

    >>> counts = {"kept": {"train": 126, "validation": 15}, "tokens": {"longest": 64}}
    >>> cut_rows({**counts, "truncated": {"train": 45, "validation": 0}})
    '45 of 126 training rows are cut at 64 tokens (training.max_length)'
    """
    cut = dict(_cut(report))
    longest = (report.get("tokens") or {}).get("longest")
    if not cut or longest is None:
        return None
    apart = report.get("cut_at")
    if apart is None:
        return f"{' and '.join(cut.values())} are cut at {longest} tokens (training.max_length)"
    fields = {"train": "training.max_length", "validation": "evaluation.max_length"}
    told = (
        f"{what} are cut at {apart[split]} tokens ({fields[split]})" for split, what in cut.items()
    )
    return ", ".join(told)


def _cut(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    cut, kept = report.get("truncated") or {}, report.get("kept") or {}
    for split, name in (("train", "training"), ("validation", "validation")):
        if cut.get(split, 0) > TOLD_ABOVE * kept.get(split, 0):
            yield split, f"{cut[split]:,} of {kept[split]:,} {name} rows"
