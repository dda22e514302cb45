"""A pack fed from other threads: reports come in order, trials end alone, nothing waits."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.trainables.packing.packs import fields, largest_difference
from tests.trainables.sft.trials import config, pairs, prepared, run, token_rows_of, toy_tokenizer
from trainables.context import ListContext, Report
from trainables.data.prepared import Prepared
from trainables.packing.host import AHEAD, PackHost
from trainables.packing.pack import Pack
from trainables.saved import TrialFailed, TrialStopped
from trainables.sft.config import SFTConfig

SHORT = config()


@pytest.fixture
def host() -> Iterator[PackHost]:
    made = PackHost(capacity=2)
    yield made
    made.close()


def reports_of(host: PackHost, name: str) -> list[Report]:
    found = [host.next(name)]
    while not found[-1].final:
        found.append(host.next(name))
    return found


def at_rest(host: PackHost) -> None:
    """Wait until all its trials are as far ahead of their readers as they may be."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (host.busy or host.all_told):
        time.sleep(0.01)


def open_trial(host: PackHost, name: str, trial: SFTConfig, data: Prepared | None = None) -> None:
    host.open(name, trial, data or prepared())


def test_more_trials_than_room_all_end_as_alone(host: PackHost) -> None:
    trials = {str(seed): config(training=fields(seed=seed)) for seed in range(4)}
    for name, trial in trials.items():
        open_trial(host, name, trial)
    found: dict[str, list[Report]] = {}
    threads = [
        threading.Thread(target=lambda n=name: found.update({n: reports_of(host, n)}))
        for name in trials
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for name, trial in trials.items():
        assert largest_difference(found[name], run(trial)) < 1e-4


def test_a_trial_does_not_run_far_ahead_of_its_reader(host: PackHost) -> None:
    open_trial(host, "slow", config(training=fields(max_steps=20)))
    open_trial(host, "other", SHORT)
    reports_of(host, "other")
    time.sleep(0.5)
    assert host.pack is not None
    assert host.pack.trials["slow"].progress.step == AHEAD
    assert len(reports_of(host, "slow")) == 21


def test_a_stopped_trial_makes_room_at_once(host: PackHost) -> None:
    for name in ("a", "b", "c"):
        open_trial(host, name, config(training=fields(max_steps=500)))
    host.next("a")
    host.next("b")
    assert host.pack is not None
    assert set(host.pack.trials) == {"a", "b"}
    assert host.stop("a")
    host.next("c")
    assert set(host.pack.trials) == {"b", "c"}


def test_a_trial_that_never_began_can_be_stopped(host: PackHost) -> None:
    for name in ("a", "b", "c"):
        open_trial(host, name, config(training=fields(max_steps=500)))
    host.next("a")
    assert host.stop("c")
    assert host.stop("a")
    assert host.next("b").step >= 1


def test_failures_are_raised_to_their_own_reader(host: PackHost) -> None:
    broken = config(lora=fields(target_modules=["no_such_module"]))
    diverging = config(training=fields(learning_rate=1e30, max_steps=30))
    open_trial(host, "broken", broken)
    open_trial(host, "fine", SHORT)
    open_trial(host, "diverging", diverging)
    with pytest.raises(ValueError, match="no_such_module"):
        host.next("broken")
    with pytest.raises(TrialFailed, match="learning rate"):
        reports_of(host, "diverging")
    assert reports_of(host, "fine")[-1].final


def test_a_trial_that_is_not_here_has_ended(host: PackHost) -> None:
    assert host.stop("of a process that died")


def test_a_trial_opened_again_takes_its_own_place(host: PackHost) -> None:
    open_trial(host, "a", config(training=fields(max_steps=500)))
    assert host.next("a").planned_steps == 500
    open_trial(host, "a", SHORT)
    reports = reports_of(host, "a")
    assert reports[0].step == 1
    assert {r.planned_steps for r in reports} == {12}


def test_another_base_model_waits_for_its_turn(host: PackHost) -> None:
    open_trial(host, "a", SHORT)
    open_trial(host, "b", config(model=fields(dtype="bfloat16")))
    open_trial(host, "c", SHORT)
    for name in ("a", "b", "c"):
        assert reports_of(host, name)[-1].final


def test_what_cannot_be_packed_runs_between_the_steps(host: PackHost) -> None:
    seen: list[Any] = []

    def alone(trial: SFTConfig, context: Any) -> None:
        seen.append(trial)
        context.report(Report(1, 1, {"val_loss": 1.0}, 0.0, final=True))

    host.open("base", SHORT, prepared(), run=alone)
    assert host.next("base").metrics == {"val_loss": 1.0}
    assert seen == [SHORT]


def test_closed_it_gives_the_base_model_back(host: PackHost) -> None:
    open_trial(host, "a", config(training=fields(max_steps=500)))
    host.next("a")
    pack = host.pack
    assert pack is not None
    at_rest(host)  # the other pack puts an adapter on the same base: not while this one computes
    hooked = [m for m in pack.base.model.modules() if m._forward_hooks]
    assert hooked
    with pytest.raises(RuntimeError, match="another pack"):
        Pack(pack.base, SHORT.model).join("b", SHORT, ListContext(prepared()))
    host.close()
    assert not [m for m in pack.base.model.modules() if m._forward_hooks]
    with pytest.raises(TrialStopped):
        reports_of(host, "a")


def test_an_error_of_the_pack_itself_ends_all_its_trials_and_no_later_one(
    host: PackHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = token_rows_of(pairs(0, 4), toy_tokenizer())
    open_trial(host, "a", config(training=fields(max_steps=500)), Prepared("x", rows, rows, {}))
    host.next("a")
    assert host.pack is not None

    def broken(_: Any) -> None:
        raise RuntimeError("the device is gone")

    monkeypatch.setattr(host.pack, "step", broken)
    with pytest.raises(RuntimeError, match="the device is gone"):
        reports_of(host, "a")
    monkeypatch.undo()
    open_trial(host, "b", SHORT)
    assert reports_of(host, "b")[-1].final
