"""Batches of rows under a budget of tokens, longest first, so that little is padding."""

from collections.abc import Iterator, Sequence


def by_token_budget(lengths: Sequence[int], budget: int, extra: int = 0) -> Iterator[list[int]]:
    """Row numbers in batches whose padded size, (longest + extra) x rows, is within `budget`.

    Longest first: a batch that does not fit in memory is the first one. A row longer than the
    budget is a batch of its own. `extra` counts tokens that every row grows by (generation).
    """
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        longest = lengths[batch[0]] if batch else lengths[i]
        if batch and (longest + extra) * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
