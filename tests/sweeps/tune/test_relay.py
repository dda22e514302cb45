"""Between Ray Tune's callbacks and the sweep, without a Ray cluster."""

import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from cluster.placement import Placement
from search_spaces.parameters import Parameter
from search_spaces.space import build_space
from sweeps.control.sweep import Sweep
from sweeps.failures.raised import Failure
from sweeps.failures.shared_reason import of_all_trials
from sweeps.failures.sweep_error import SweepError
from sweeps.run_folder.entry import Entry
from sweeps.tune import relay as relaying
from sweeps.tune.driver import DropReports, StopAll, SweepScheduler, SweepSearcher
from sweeps.tune.relay import Relay
from tests.sweeps.fakes import PLANNED, FakePreparation, make_spec, make_sweep, records, trial
from trainables.context import Report


class TuneTrial:
    """As little of a Tune trial as our scheduler looks at."""

    def __init__(self, trial_id: str) -> None:
        self.trial_id = trial_id


@pytest.fixture(autouse=True)
def _no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)
    monkeypatch.setattr(relaying.ray, "put", lambda content: content)


@pytest.fixture
def relay(tmp_path: Path) -> Relay:
    return Relay(make_sweep(make_spec(num_trials=2), tmp_path), Placement(1, 0, 1, ""), None)


def begin(relay: Relay, *ids: str) -> None:
    """The base model runs to its end, then a trial for each id."""
    assert relay.order("base") is not None
    assert relay.result("base", Report(1, 1, {"val_loss": 9.0}, 1.0, final=True))
    relay.end("base", died=False)
    for tune_id in ids:
        assert isinstance(relay.order(tune_id), dict)


def test_orders_until_all_are_placed_and_then_the_end(relay: Relay) -> None:
    begin(relay, "a")
    assert relay.order("b") is None  # one at a time
    task = relay.sweep.running["EXP-001"].task
    assert [relay.result("a", r) for r in trial(task)] == [*[False] * PLANNED, True]
    assert relay.order("b") is None  # Tune has not let go of it yet
    relay.end("a", died=False)
    assert isinstance(relay.order("b"), dict)
    relay.result("b", Failure("nan", "", False))
    relay.end("b", died=False)
    assert relay.order("c") == Searcher.FINISHED
    assert [r["state"] for r in records(relay.sweep.ledger.folder).values()] == [
        "complete",
        "failed",
    ]


def test_a_trial_that_is_over_leaves_its_pack_at_once(relay: Relay) -> None:
    """Tune keeps a worker for the next trial and does not tell it that this one has ended."""
    stopped: list[str] = []
    stop = SimpleNamespace(remote=stopped.append)
    relay.hosts = {("node", ""): SimpleNamespace(stop=stop)}
    begin(relay, "a")
    stopped.clear()
    assert not relay.result("a", next(trial(relay.sweep.running["EXP-001"].task)))
    assert stopped == []
    assert relay.result("a", Failure("nan", "", False))
    assert stopped == ["EXP-001"]


def test_a_trial_that_comes_back_has_a_name_of_its_own_in_its_pack(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its former worker lets go of it later, and must not end what goes on elsewhere."""
    stopped: list[str] = []
    stop = SimpleNamespace(remote=stopped.append)
    relay.hosts = {("node", ""): SimpleNamespace(stop=stop)}
    ordered: list[str] = []
    monkeypatch.setattr(relaying, "as_opaque_text", lambda order: ordered.append(order.name))
    monkeypatch.setattr("sweeps.control.shared_stages.SharedStages.steps_aside", _once())
    begin(relay, "a")
    (report, *_) = trial(relay.sweep.running["EXP-001"].task)
    assert relay.result("a", report)
    relay.end("a", died=False)
    assert "EXP-001" not in relay.sweep.running
    assert isinstance(relay.order("b"), dict)
    assert ordered[-2:] == ["EXP-001", "EXP-001 (2)"]
    assert stopped[-1] == "EXP-001"
    assert relay.result("b", Failure("nan", "", False))
    assert stopped[-1] == "EXP-001 (2)"


def _once() -> Any:
    told = iter([True])
    return lambda *_: next(told, False)


@pytest.mark.parametrize("payload", [None, "text", {"val_loss": 1.0}, 3, float("nan"), []])
def test_an_odd_payload_fails_its_trial_only(relay: Relay, payload: Any) -> None:
    begin(relay, "a")
    assert relay.result("a", payload)
    record = records(relay.sweep.ledger.folder)["EXP-001"]
    assert record["state"] == "failed"
    assert "no report" in record["error"]
    assert relay.error is None


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), "0.5", None, [1.0], True])
@pytest.mark.parametrize("final", [False, True])
def test_an_odd_metric_fails_its_trial_only(relay: Relay, value: Any, final: bool) -> None:
    begin(relay, "a")
    report = Report(PLANNED, PLANNED, {"val_loss": 1.0}, 1.0, 1.0, final=final)
    object.__setattr__(report, "metrics", {"val_loss": value})
    scheduler = SweepScheduler(relay)
    assert scheduler.on_trial_result(None, TuneTrial("a"), {"report": report}) == str(
        TrialScheduler.STOP
    )
    assert relay.error is None
    assert records(relay.sweep.ledger.folder)["EXP-001"]["state"] == "failed"


def test_a_missing_metric_fails_its_trial_only(relay: Relay) -> None:
    begin(relay, "a")
    assert relay.result("a", Report(8, 8, {"bleu": 0.1}, 1.0, final=True))
    assert "val_loss" in records(relay.sweep.ledger.folder)["EXP-001"]["error"]
    assert relay.error is None


def test_a_spoilt_process_says_why_before_it_dies(relay: Relay) -> None:
    begin(relay, "a")
    for attempt in ("a", "b"):
        assert not relay.result(attempt, Failure("CUDA error: assert", "", True))
        relay.end(attempt, died=True, message="the process ended unexpectedly")
        relay.order("b" if attempt == "a" else "c")
    record = records(relay.sweep.ledger.folder)["EXP-001"]
    assert record["error"] == "its worker died 2 times: CUDA error: assert"


def test_our_own_error_stops_everything_and_is_kept(relay: Relay) -> None:
    begin(relay, "a")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    relay.sweep.ledger.apply = full  # type: ignore[method-assign]
    report = {"report": Report(1, 8, {"val_loss": 1.0}, 1.0)}
    scheduler, searcher = SweepScheduler(relay), SweepSearcher(relay)
    assert scheduler.on_trial_result(None, TuneTrial("a"), report) == str(TrialScheduler.STOP)
    assert isinstance(relay.error, OSError)
    assert StopAll(relay).stop_all()
    assert searcher.suggest("b") == Searcher.FINISHED
    searcher.on_trial_complete("a", error=True)
    assert records(relay.sweep.ledger.folder) == {}  # unfinished: resume goes on with it
    relay.keep(ValueError("a later one"))
    assert isinstance(relay.error, OSError)


@pytest.mark.parametrize("where", ["suggest", "result", "complete"])
def test_ctrl_c_passes_through(relay: Relay, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    for name in ("order", "placed", "result", "end"):
        monkeypatch.setattr(relay, name, interrupted)
    calls = {
        "suggest": lambda: SweepSearcher(relay).suggest("a"),
        "result": lambda: SweepScheduler(relay).on_trial_result(None, TuneTrial("a"), {}),
        "complete": lambda: SweepSearcher(relay).on_trial_complete("a"),
    }
    with pytest.raises(KeyboardInterrupt):
        calls[where]()
    assert relay.error is None


def test_tune_can_pickle_what_it_holds(relay: Relay) -> None:
    pickle.loads(pickle.dumps(SweepScheduler(relay)))
    pickle.loads(pickle.dumps(StopAll(relay)))


def test_reports_are_let_go_of() -> None:
    result = {"report": object(), "training_iteration": 1}
    DropReports().on_trial_result(1, [], None, result)
    assert result == {"training_iteration": 1}


def test_a_sweep_that_is_over_at_once(tmp_path: Path, relay: Relay) -> None:
    done: Sweep = make_sweep(make_spec(num_trials=1), tmp_path / "done")
    done.number = 1
    assert Relay(done, Placement(1, 0, 1, ""), None).order("a") == Searcher.FINISHED


def test_what_ray_says_of_a_death_is_its_reason(relay: Relay, tmp_path: Path) -> None:
    begin(relay, "a")
    file = tmp_path / "error.txt"
    file.write_text("ray.exceptions.OutOfMemoryError: the node is running low on memory")
    for tune_id in ("a", "b"):
        died = SimpleNamespace(trial_id=tune_id, error_file=str(file))
        SweepScheduler(relay).on_trial_error(None, died)
        SweepSearcher(relay).on_trial_complete(tune_id, error=True)
        relay.order("b" if tune_id == "a" else "c")
    record = records(relay.sweep.ledger.folder)["EXP-001"]
    assert record["state"] == "infeasible"
    assert "running out of memory" in record["error"]


def test_what_did_not_fit_is_infeasible(relay: Relay) -> None:
    begin(relay, "a")
    assert relay.result("a", Failure("OutOfMemoryError: CUDA", "", False, "infeasible"))
    assert records(relay.sweep.ledger.folder)["EXP-001"]["state"] == "infeasible"


def test_what_the_base_model_fails_for_ends_the_sweep(relay: Relay) -> None:
    wrong = Failure("reward.weights: no such module", "", False, of_input=True)
    assert relay.order("base") is not None
    with pytest.raises(SweepError, match="no such module\nMend it, then go on with: medsweep res"):
        relay.result("base", wrong)
    again = make_sweep(relay.sweep.spec, relay.sweep.ledger.folder)
    again.restore()
    assert again.waiting[0][0].is_base  # it is measured again


def test_only_a_reason_that_all_trials_share_ends_it(relay: Relay) -> None:
    assert relay.order("base") is not None
    assert relay.result("base", Failure("RuntimeError: of the moment", "", False))
    relay.end("base", died=False)
    assert isinstance(relay.order("a"), dict)
    assert relay.result("a", Failure("of one trial", "", False, of_input=True))


@pytest.mark.parametrize(
    ("searched", "all_share"),
    [
        ({}, True),
        ({"training.learning_rate": {"values": [1, 2]}, "lora.r": {"values": [1, 2]}}, True),
        ({"reward.weights.safety": {"min": 0.0, "max": 1.0}}, True),
        ({"reward.weights": {"simplex": ["safety", "brevity"]}}, True),
        ({"stages.1.training.learning_rate": {"values": [1, 2]}}, True),
        ({"reward.weights.safety": {"values": [0, 1]}}, False),  # at 0 it is not asked
        ({"reward.weights": {"values": [{"a:b": 1}, {"safety": 1}]}}, False),
        ({"model.name_or_path": {"values": ["a", "b"]}}, False),
        ({"stages.1.data.limit": {"values": [1, 2]}}, False),
        ({"evaluation.limit": {"values": [1, 2]}}, False),
        ({"training.max_length": {"values": [8, 512]}}, False),
        ({"stages.0.training.temperature": {"values": [1, 2]}}, False),
        ({"training": {"values": [{"max_length": 8}, {"max_length": 9}]}}, False),
        ({"stages": {"values": [[], [1]]}}, False),
    ],
)
def test_which_reasons_all_share(searched: dict[str, Any], all_share: bool) -> None:
    entry = Entry("k", 0, {})
    found = Failure("", "", False, of_input=True)
    parameters = {path: Parameter(**written) for path, written in searched.items()}
    space = build_space(parameters)
    assert of_all_trials(entry, found, {"k"}, space) == all_share
    assert not of_all_trials(entry, found, {"k", "other"}, space)
    assert not of_all_trials(entry, found._replace(of_input=False), {"k"}, space)
    assert not of_all_trials(Entry("EXP-001", 1, {}), found, {"EXP-001"}, space)


def test_a_death_is_told_in_a_line_and_kept_at_length(relay: Relay) -> None:
    said: list[str] = []
    relay.sweep.say = said.append
    begin(relay, "a")
    folder = relay.sweep.ledger.folder / "trials/EXP-001"
    for attempt in ("a", "b"):
        relay.killed(attempt, "Traceback: the actor died")
        relay.end(attempt, died=True, message="the process ended unexpectedly")
        relay.order("b" if attempt == "a" else "c")
    log = folder / "errors.log"
    died = "EXP-001: its worker died: the process ended unexpectedly; it begins again in another"
    assert said == [f"{died} process; at length in {log}"]  # of the end the view says it
    assert log.read_text().count("Traceback: the actor died") == 2


def test_what_a_trial_raised_is_kept_at_length_but_not_a_divergence(relay: Relay) -> None:
    begin(relay, "a")
    relay.result("a", Failure("KeyError: 'x'", "Traceback of mine", False))
    relay.end("a", died=False)
    relay.order("b")
    relay.result("b", Failure("loss is nan", "Traceback of it", False, diverged=True))
    trials = relay.sweep.ledger.folder / "trials"
    assert "KeyError: 'x'\n\nTraceback of mine" in (trials / "EXP-001/errors.log").read_text()
    assert not (trials / "EXP-002/errors.log").exists()
