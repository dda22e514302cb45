"""Whether answers warn of drug interactions, on the pairs of `clinical/tables/interactions.csv`.

Recall and precision of a warning (https://en.wikipedia.org/wiki/Precision_and_recall); an item
counts where its question names exactly one listed pair.
"""

from collections.abc import Sequence

from trainables.clinical.interactions import asked_interaction, warns
from trainables.data.items import Item


def interaction_recall(predictions: Sequence[str], items: Sequence[Item]) -> list[float | None]:
    """Per item 1 where the answer warns, 0 where it does not; None unless the question names a
    pair that interacts."""
    return [
        float(warns(answer)) if dangerous else None
        for answer, dangerous in zip(predictions, map(_dangerous, items), strict=True)
    ]


def interaction_precision(predictions: Sequence[str], items: Sequence[Item]) -> list[float | None]:
    """Per item 1 where the answer warns of a pair that interacts, 0 where of one that does not;
    None where it does not warn or the pair is unlisted."""
    return [
        None if dangerous is None or not warns(answer) else float(dangerous)
        for answer, dangerous in zip(predictions, map(_dangerous, items), strict=True)
    ]


def _dangerous(item: Item) -> bool | None:
    """Whether the asked pair interacts; None where no listed pair is asked about."""
    row = asked_interaction(item.question)
    return None if row is None else row.severity != "none"
