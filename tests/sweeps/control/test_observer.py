"""Observers cannot disturb a sweep."""

import pytest

from sweeps.control.observer import Observers


class Counter:
    def __init__(self, error: BaseException | None = None) -> None:
        self.calls, self.error = 0, error

    def close(self) -> None:
        self.calls += 1
        if self.error:
            raise self.error


def test_one_that_raises_is_told_no_more() -> None:
    bad, good = Counter(OSError("disk")), Counter()
    observers = Observers([bad, good])  # type: ignore[list-item]
    observers.close()
    observers.close()
    assert (bad.calls, good.calls) == (1, 2)


def test_one_that_lacks_a_method_is_dropped() -> None:
    observers = Observers([Counter()])  # type: ignore[list-item]
    observers.tell("started", None)
    observers.close()


def test_ctrl_c_is_no_error_of_an_observer() -> None:
    observers = Observers([Counter(KeyboardInterrupt())])  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        observers.close()


def test_one_can_be_added() -> None:
    late = Counter()
    observers = Observers([])
    observers.add(late)  # type: ignore[arg-type]
    observers.close()
    assert late.calls == 1
