"""The number of operators of a packed step, which are launches on a GPU."""

from benchmarks.launches import deep_base, operators


def test_operators_hardly_grow_with_the_number_of_trials() -> None:
    base = deep_base(2)
    few, more = (operators(base, k, 0.1, True, [8, 16]).total() for k in (2, 10))
    assert few > 200
    assert more < 1.1 * few  # attention to rows of more lengths
