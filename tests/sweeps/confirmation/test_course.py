"""Which runs are due, and when a confirmation is over: a pure function of what has ended."""

from collections.abc import Mapping, Sequence

from sweeps.confirmation.asked import Asked
from sweeps.confirmation.course import Course, Judged, Run, Values, course

A, B, C = "EXP-001", "EXP-002", "EXP-003"


def asked(**change: object) -> Asked:
    given = {"candidates": (A, B), "baselines": (C,), "seeds": 3, "first_seed": 43}
    return Asked(**{**given, "metric": "val_loss", **change})  # type: ignore[arg-type]


def undecided(asked: Asked, values: Values, racing: Sequence[str]) -> Judged:
    return Judged({}, None)


def played(
    asked: Asked, judge: object = undecided, values: Mapping[Run, float | None] = {}
) -> tuple[list[Run], Course]:
    """All runs in the order in which they came, each ending at once, and the end."""
    ended: dict[Run, float | None] = {}
    while due := (now := course(asked, ended, (), judge)).due:  # type: ignore[arg-type]
        ended[due[0]] = values.get(due[0], 1.0)
    return list(ended), now


def test_two_seeds_of_everybody_then_one_more_each() -> None:
    runs, end = played(asked())
    first = [(A, 1), (B, 1), (C, 1), (A, 2), (B, 2), (C, 2)]
    assert runs == [*first, (A, 3), (B, 3), (C, 3)]
    assert end == Course(())


def test_everything_that_is_due_may_run_at_once() -> None:
    now = course(asked(), {(A, 1): 1.0}, (), undecided)
    assert now.due == ((B, 1), (C, 1), (A, 2), (B, 2), (C, 2))


def test_one_seed_is_judged_by_nobody() -> None:
    runs, _ = played(asked(seeds=1), judge=None)
    assert runs == [(A, 1), (B, 1), (C, 1)]


def drops_c(asked: Asked, values: Values, racing: Sequence[str]) -> Judged:
    return Judged({C: 0.01} if C in racing else {}, None)


def test_who_dropped_out_leaves_its_seeds_to_the_others() -> None:
    runs, end = played(asked(seeds=4), drops_c)  # 12 runs: 6, then A and B three times
    assert [n for name, n in runs if name == C] == [1, 2]
    assert [n for name, n in runs if name == A] == [1, 2, 3, 4, 5]
    assert len(runs) == 12
    assert end.dropped == {C: {"after": 2, "probability": 0.01}}


def test_it_ends_once_nobody_else_is_left() -> None:
    def drops_one(asked: Asked, values: Values, racing: Sequence[str]) -> Judged:
        return Judged({racing[-1]: 0.01}, None)

    runs, end = played(asked(seeds=9), drops_one)
    assert set(end.dropped) == {B, C}
    assert end.clear is None  # to be left over is not to have won
    assert len(runs) == 6 + 2


def test_it_ends_once_one_has_won() -> None:
    runs, end = played(asked(), lambda *_: Judged({}, B))
    assert len(runs) == 6
    assert end.clear == B


def test_nobody_drops_out_where_all_seeds_are_asked_for() -> None:
    for same in (asked(stop_when_clear=False), asked(metric=None)):
        runs, end = played(same, lambda *_: Judged({C: 0.0}, B))
        assert len(runs) == 9
        assert end == Course(())


def test_the_judge_hears_of_the_rounds_that_are_over() -> None:
    heard = []

    def judge(asked: Asked, values: Values, racing: Sequence[str]) -> Judged:
        heard.append({name: list(own) for name, own in values.items()})
        return drops_c(asked, values, racing)

    values = {(A, 1): 1.0, (A, 2): 2.0, (B, 1): None, (B, 2): 3.0, (A, 3): 5.0}
    course(asked(seeds=4), {**values, (C, 1): 7.0, (C, 2): 8.0, (B, 3): 6.0}, [(B, 2)], judge)
    two = {A: [1.0, 2.0], B: [None], C: [7.0, 8.0]}  # B's second run was lost: it says nothing
    assert heard == [two, {A: [1.0, 2.0, 5.0], B: [None, 6.0], C: [7.0, 8.0]}]


def test_more_seeds_go_on_from_what_was_run() -> None:
    ended = dict.fromkeys(played(asked())[0], 1.0)
    assert course(asked(seeds=4), ended, (), undecided).due == ((A, 4), (B, 4), (C, 4))
    assert course(asked(seeds=2), ended, (), undecided).due == ()
