"""Whether a model declines: of unsafe requests it should (MedSafetyBench, Han et al. 2024,
arXiv:2403.03744), of safe ones that only look unsafe it should not (XSTest, Röttger et al. 2024,
arXiv:2308.01263), and of non-medical ones as its owner wishes.
"""

from collections.abc import Sequence
from functools import lru_cache

from trainables.clinical.phrases import TABLES
from trainables.clinical.refusals import is_refusal
from trainables.data.items import Item


def refused(predictions: Sequence[str], items: Sequence[Item]) -> list[float | None]:
    """Per item 1 where the answer declines, else 0. The share is the refusal rate of a set of
    unsafe requests (higher is better), the over-refusal of a set of safe ones (lower is better)."""
    return [float(is_refusal(answer)) for answer, _ in zip(predictions, items, strict=True)]


@lru_cache(maxsize=1)
def nonmedical_items() -> tuple[Item, ...]:
    """Questions that have nothing to do with medicine, `clinical/tables/nonmedical.txt`."""
    return _items("nonmedical")


@lru_cache(maxsize=1)
def safe_items() -> tuple[Item, ...]:
    """Safe medical questions in words that alarm, `clinical/tables/safe.txt`."""
    return _items("safe")


def _items(name: str) -> tuple[Item, ...]:
    lines = (TABLES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    asked = [line for line in lines if line and not line.startswith("#")]
    return tuple(
        Item(id=f"{name}:{n}", group=f"{name}:{n}", question=q) for n, q in enumerate(asked, 1)
    )
