"""What filters took of the rows, and when it is told."""

from typing import Any

import pytest

from trainables.data.losses import few_by_limit, loss_told, lost_share, reports_of, steps


def report(read: int, left: int, **dropped: Any) -> dict[str, Any]:
    return {"source": "f", "rows_read": read, "dropped": dropped, "kept": {"train": left}}


@pytest.mark.parametrize(
    ("found", "share", "told"),
    [
        (report(100, 80, near_duplicate=20), 0.2, False),
        (report(100, 79, near_duplicate=11, short_answer=10), 0.21, True),
        (report(1000, 80, over_limit=900, leak=10), 0.1, False),  # a limit is no filter
        # what goes of the rows that a limit left is a share of those
        (report(1000, 40, over_limit=900, leak=50), 0.5, True),
        (report(1000, 40, leak=50, over_limit=900), 0.5, True),  # in whatever order it is written
        (report(40, 20, no_answer_left={"train": 12, "validation": 1}), 13 / 40, True),
        (report(25, 25, leak=0), 0.0, False),
    ],
)
def test_shares(found: dict[str, Any], share: float, told: bool) -> None:
    assert lost_share(found) == pytest.approx(share)
    assert (loss_told(found) is not None) == told


def test_what_is_told_names_filters_and_what_is_left() -> None:
    found = report(1000, 13, near_duplicate=105, short_answer=7, over_limit=800, leak=40)
    assert loss_told(found) == (
        "filters dropped 112 of 1,000 rows of f (11%: answer too short 7, near duplicates 105) and "
        "40 of 88 rows that data.limit kept of f (45%: training rows that repeat a validation or "
        "test row 40); 13 are left for training"
    )
    assert [str(step) for step in steps(found)][:2] == [
        "answer too short: 7 of 1,000 rows dropped (0.7%), 993 left",
        "near duplicates: 105 of 993 rows dropped (10.6%), 888 left",
    ]


def test_rows_of_their_own_do_not_hide_the_loss_of_training_rows() -> None:
    own = {"validation": {"rows_read": 900, "dropped": {"short_answer": 9}}}
    whole = {**report(1000, 40, short_answer=69, leak_of_test=3), "own": own}
    assert [(s.name, s.rows_in, s.dropped) for s in steps(whole)] == [("short_answer", 100, 60)]
    mixture = {**report(1000, 40, short_answer=69), "components": {"a": {"own": own}}}
    assert lost_share(mixture) == pytest.approx(0.6)


def test_so_few_are_asked_for() -> None:
    assert few_by_limit(report(1000, 17, over_limit=980), 30)
    assert few_by_limit(report(1000, 28, over_limit=960, leak=6), 30)  # 34 of 40, but for a few
    assert not few_by_limit(report(1000, 17, over_limit=900, leak=70), 30)
    assert not few_by_limit(report(20, 17), 30)


def test_stages_have_reports_of_their_own_and_older_ones_are_read() -> None:
    one = report(10, 5)
    assert reports_of({"stages": {"a": one}}) == [one] == reports_of(one)
    assert (loss_told({}), steps({})) == (None, [])
