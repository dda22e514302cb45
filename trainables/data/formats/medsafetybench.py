"""MedSafetyBench: harmful medical requests and safe responses to them.

Han et al. 2024, https://arxiv.org/abs/2403.03744. Read are the authors' CSV files
(harmful_medical_request, safe_response; the category of the AMA's principles is the file's) and
JSON lines of them (request, safe_response, category).
"""

import re
from collections.abc import Iterable, Iterator

from trainables.data.about import UNSAFE
from trainables.data.formats.cells import label, layout_of, text
from trainables.data.formats.format import Format, Hub, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.source import own_group

NAME = "medsafetybench"
LAYOUTS = {
    "JSON lines": ("request", "safe_response", "category"),
    "CSV by category": ("harmful_medical_request", "safe_response"),
}
CATEGORY = re.compile(r"category_(\d)")


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a request; `subject` is the category, 1 to 9, `kind` is `unsafe`."""
    for record in records:
        lines = layout_of(record, NAME, LAYOUTS) == "JSON lines"
        request = text(record, "request" if lines else "harmful_medical_request", NAME)
        named = CATEGORY.search(record.where)
        yield Item(
            id=record.id if lines else f"{record.where}",
            group=own_group(request),
            question=request,
            answer=text(record, "safe_response", NAME),
            subject=label(record, "category", NAME) if lines else (named[1] if named else ""),
            kind=UNSAFE,
        )


FORMAT = Format(
    read,
    instruction="plain",
    citation="Han T, Kumar A, Agarwal C, Lakkaraju H. MedSafetyBench: Evaluating and Improving the "
    "Medical Safety of Large Language Models. NeurIPS 2024 Datasets and Benchmarks",
    licence="MIT (research use)",
    hub=Hub("israel-adewuyi/med-safety-bench-reproduced"),
    splits={
        "train": ("train.jsonl", "train/*/med_safety_demonstrations_category_*.csv"),
        "test": ("test.jsonl", "test/*/med_safety_demonstrations_category_*.csv"),
    },
    benchmark=frozenset({"test"}),
)
