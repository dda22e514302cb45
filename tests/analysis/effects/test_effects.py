"""What mattered, on small designs whose effects can be computed by hand."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from analysis.effects.experiments import experiments_of
from analysis.effects.findings import WhatMattered, what_mattered
from analysis.effects.words import sentences
from analysis.runs import Run, TrialView
from analysis.wording import parameter_text
from tests.analysis.effects.sweeps import Line, sweep

RANK = {"lora.r": {"values": [8, 16]}}
RATE = {"training.learning_rate": {"values": [1e-4, 2e-4]}}
EPOCHS = {"training.num_train_epochs": {"values": [1, 2]}}
MODULES = {"lora.target_modules": {"values": [["q_proj"], ["q_proj", "v_proj"]]}}
# residuals of a 2x2x2x2 factorial that no main effect sees: the four-way product
FOUR: list[dict[str, Any]] = [RANK, RATE, EPOCHS, MODULES]


def factorial(rank: float = 0.0, noise: float = 0.001) -> list[Line]:
    """16 trials: r 16 lowers the loss by `rank`; ±`noise` is the four-way interaction."""
    levels = [next(iter(p.values()))["values"] for p in FOUR]
    lines = []
    for index in product((0, 1), repeat=4):
        values = [of[i] for of, i in zip(levels, index, strict=True)]
        parameters = {next(iter(p)): v for p, v in zip(FOUR, values, strict=True)}
        sign = 1 - 2 * (sum(index) % 2)
        loss = 0.7 - rank * index[0] + noise * sign
        lines.append((parameters, {"val_loss": loss, "gpu_peak_gb": 3.4 + 0.03 * index[0]}))
    return lines


def found_of(lines: list[Line], *parameters: dict[str, Any], **search: Any) -> WhatMattered:
    merged = {path: p for given in parameters for path, p in given.items()}
    return what_mattered(sweep(lines, merged, **search), shares=False)


def test_an_effect_has_its_size_its_interval_and_its_cost() -> None:
    found = found_of(factorial(rank=0.012), *FOUR)
    (credited,) = [f for f in found.findings if f.credited]
    (effect,) = credited.effects
    assert (effect.parameter, effect.low, effect.high) == ("lora.r", 8, 16)
    assert effect.value == pytest.approx(-0.012)
    # 16 residuals of 0.001, HC3: each over 1 - 5/16; t with 11 degrees of freedom
    error = 0.001 / (1 - 5 / 16) * 2 / 4
    assert effect.half_width == pytest.approx(2.20099 * error, rel=1e-4)
    told = sentences(found)[0]
    assert told.startswith("lora.r 8 to 16: Val Loss −0.0120 ± 0.0016 (p < 0.001); memory +0.03")


def test_what_chance_explains_is_not_credited() -> None:
    found = found_of(factorial(rank=0.0005, noise=0.01), *FOUR)
    assert not any(f.credited for f in found.findings)
    assert sentences(found)[0].startswith("No effect on Val Loss can be told from chance")


def test_a_difference_within_rounding_is_not_credited() -> None:
    lines = factorial(rank=0.012)
    run = sweep(lines, {k: v for p in FOUR for k, v in p.items()})
    noisy = TrialView("EXP-099", 99, state="failed", noise={"val_loss": 0.02})
    found = what_mattered(type(run)(run.name, run.folder, run.search, (*run.trials, noisy)), False)
    assert not any(f.credited for f in found.findings if f.metric == "val_loss")


def test_parameters_changed_together_are_not_credited() -> None:
    lines = [(p | {"training.num_train_epochs": p["lora.r"] // 8}, m) for p, m in factorial(0.012)]
    found = found_of(lines, *FOUR)
    assert found.groups == (("lora.r", "training.num_train_epochs"),)
    (joint,) = [f for f in found.findings if f.credited]
    assert joint.parameters == ("lora.r", "training.num_train_epochs")
    assert joint.effects == ()
    assert (
        "lora.r and training.num_train_epochs changed together in all trials: their effects "
        "cannot be told apart, and neither is credited."
    ) in sentences(found)
    assert not any(s.startswith("lora.r 8 to 16") for s in sentences(found))


def test_parameters_changed_nearly_together_are_not_credited() -> None:
    """A rate that follows the rank but for a hundredth."""
    lines = [
        ({"lora.r": r, "training.learning_rate": (1 + 0.01 * (i % 3)) * r * 1e-5}, loss)
        for i, r in enumerate(range(4, 24))
        for loss in ({"val_loss": 1 - 0.01 * r},)
    ]
    ranges = {
        "lora.r": {"min": 4, "max": 24},
        "training.learning_rate": {"min": 4e-5, "max": 3e-4},
    }
    found = found_of(lines, ranges)
    assert found.groups == (("lora.r", "training.learning_rate"),)
    assert "so nearly together" in " ".join(sentences(found))


def test_where_one_parameter_matters_more_with_another() -> None:
    lines = [
        (
            p,
            {
                "val_loss": m["val_loss"]
                - (0.02 if p["training.learning_rate"] == 2e-4 and p["lora.r"] == 16 else 0)
            },
        )
        for p, m in factorial(rank=0.012)
    ]
    found = found_of(lines, *FOUR)
    (credited,) = [i for i in found.interactions if i.credited]
    assert (credited.parameter, credited.other) == ("lora.r", "training.learning_rate")
    at = {value: effect.value for value, effect in credited.at}
    assert at == {1e-4: pytest.approx(-0.012), 2e-4: pytest.approx(-0.032)}
    assert any(
        "lora.r works differently with training.learning_rate" in s for s in sentences(found)
    )


def test_repeats_are_averaged_and_tell_the_spread() -> None:
    seeds = {"training.seed": {"values": [1, 2, 3, 4]}}
    lines = [
        ({"lora.r": r, "training.seed": s}, {"val_loss": 0.7 - 0.01 * (r == 16) + 0.001 * (s % 2)})
        for r in (8, 16)
        for s in (1, 2, 3, 4)
    ]
    found = found_of(lines, RANK, seeds, sampler="grid")
    assert (len(found.table.rows), found.table.trials) == (2, 8)
    (finding,) = found.findings
    assert finding.credited
    assert finding.effects[0].value == pytest.approx(-0.01)
    # pure error: variance 4 x 0.0005² / 3 in each, two means of four
    error = (2 * (4 * 0.0005**2 / 3) / 4) ** 0.5
    assert finding.effects[0].half_width == pytest.approx(2.446912 * error, rel=1e-4)
    once = found_of([line for line in lines if line[0]["training.seed"] == 1], RANK, seeds)
    assert "cannot tell the effect of 1 parameter from chance" in once.nothing


def trained_again(run: Run, losses: dict[str, list[float]], **more: Any) -> Run:
    """The run whose trials have these losses with new seeds."""

    def again(trial: TrialView) -> tuple[TrialView, ...]:
        numbered = enumerate(losses.get(trial.trial, ()), 1)
        return tuple(
            replace(trial, trial=f"{trial.trial}/seeds/{n}", metrics={"val_loss": v}, **more)
            for n, v in numbered
        )

    return replace(run, trials=tuple(replace(t, fresh=again(t)) for t in run.trials))


def test_runs_with_new_seeds_are_repeats_and_no_configurations() -> None:
    lines: list[Line] = [({"lora.r": 8}, {"val_loss": 0.7}), ({"lora.r": 16}, {"val_loss": 0.68})]
    searched = sweep(lines, RANK)
    new = {"EXP-001": [0.71, 0.7, 0.69], "EXP-002": [0.69, 0.7, 0.69]}
    found = what_mattered(trained_again(searched, new))
    assert (len(found.table.rows), found.table.trials, found.table.fresh) == (2, 8, 6)
    assert [row.metrics["val_loss"] for row in found.table.rows] == pytest.approx([0.7, 0.69])
    (effect,) = found.findings[0].effects
    pure = (2 * 0.01**2 + (0.01**2 + 0.01**2)) / 6  # six degrees of freedom: those within, alone
    assert effect.half_width == pytest.approx(2.446912 * (2 * pure / 4) ** 0.5, rel=1e-4)
    assert any(
        "2 configurations (8 trials, 6 of them with new seeds)" in s for s in sentences(found)
    )
    # the same configuration twice, trained again with the same seeds: the same numbers
    twice = trained_again(sweep([*lines, lines[0]], RANK), {**new, "EXP-003": new["EXP-001"]})
    assert experiments_of(twice, ("val_loss",)).trials == 8


def test_runs_with_new_seeds_on_other_rows_and_failed_ones_are_left_out() -> None:
    lines: list[Line] = [({"lora.r": 8}, {"val_loss": 0.7}), ({"lora.r": 16}, {"val_loss": 0.6})]
    cases = ({"base": "other"}, "not measured on the same rows"), ({"state": "failed"}, "failed")
    for more, why in cases:
        run = trained_again(sweep(lines, RANK), {"EXP-001": [0.9, 0.9]}, **more)
        found = what_mattered(run)
        assert [row.metrics["val_loss"] for row in found.table.rows] == [0.7, 0.6]
        assert found.table.fresh == 0
        left = f"2 trials (2 {why} with a new seed) are left out."
        assert sentences(found)[-1] == left


def test_a_parameter_that_is_not_always_at_work() -> None:
    """`when`: the weight counts only with a regularizer, and its parent keeps its own effect."""
    kind, weight = "training.regularizer.kind", "training.regularizer.weight"
    space = {
        kind: {"values": ["none", "l2"]},
        weight: {"min": 0.1, "max": 0.9, "when": {kind: "l2"}},
    }
    lines: list[Line] = [
        ({kind: "none"} | {"lora.r": r}, {"val_loss": 0.8 + 1e-4 * r})
        for r in (8, 9, 10, 11, 12, 13)
    ]
    lines += [
        ({kind: "l2", weight: w, "lora.r": r}, {"val_loss": 0.7 - 0.1 * (w - 0.5) + 1e-4 * (r % 3)})
        for w, r in zip((0.1, 0.3, 0.4, 0.6, 0.7, 0.9), (8, 9, 13, 11, 10, 12), strict=True)
    ]
    found = found_of(lines, space, {"lora.r": {"min": 8, "max": 13}})
    by = {f.parameters[0]: f for f in found.findings}
    assert by[kind].credited
    assert by[weight].credited
    assert by[kind].effects[0].value == pytest.approx(-0.1, abs=2e-3)  # at the mean weight, 0.5
    low, high = by[weight].effects[0].low, by[weight].effects[0].high
    assert by[weight].effects[0].value == pytest.approx(-0.1 * (high - low), rel=0.05)


def test_tied_parameters_are_looked_at_by_their_factor() -> None:
    space = {"lora.r": {"values": [8, 16]}, "lora.lora_alpha": {"times": "lora.r", "values": [2]}}
    run = sweep(
        [({"lora.r": r, "lora.lora_alpha": 2 * r}, {"val_loss": 0.5}) for r in (8, 16)], space
    )
    (first, _) = experiments_of(run, ("val_loss",)).rows
    assert first.parameters == {"lora.r": 8, "lora.lora_alpha per r": 2}
    assert what_mattered(run).groups == ()


def test_weights_and_choices_and_whole_sections() -> None:
    space = {
        "data.mixing": {"simplex": ["own", "general"]},
        "lora": {"values": [{"r": 8}, {"r": 16}, None]},
    }
    lines = [
        (
            {"data.mixing": {"own": w, "general": round(1 - w, 6)}, "lora": lora},
            {"val_loss": 0.9 - 0.2 * w + bonus + 1e-4 * (-1) ** i},
        )
        for i, (w, (lora, bonus)) in enumerate(
            product((0.2, 0.4, 0.6, 0.8), (({"r": 8}, 0.0), ({"r": 16}, -0.05), (None, 0.1)))
        )
    ]
    found = found_of(lines, space)
    by = {f.parameters[0]: f for f in found.findings}
    (own,) = by["data.mixing"].effects
    assert (own.component, own.low, own.high) == ("own", 0.2, 0.8)
    assert own.value == pytest.approx(-0.12, abs=1e-3)
    told = [(e.high, round(e.value, 3)) for e in by["lora"].effects]
    assert told == [({"r": 16}, -0.05), (None, 0.1)]
    assert "lora r 8 to r 16: Val Loss −0.05" in " ".join(sentences(found))
    assert "; r 8 to all weights: Val Loss +0.1000" in " ".join(sentences(found))


@pytest.mark.parametrize(
    ("lines", "parameters", "told"),
    [
        ([], RANK, "none of 1 trial is complete"),
        ([({"lora.r": 8}, {"val_loss": 0.5})], RANK, "one configuration is complete"),
        ([({"lora.r": r}, {"val_loss": 0.5}) for r in (8, 16)], RANK, "is the same in all 2"),
        ([({"lora.r": r}, {"val_loss": r}) for r in (8, 16)], RANK, "at least 6 configurations"),
        ([({}, {"val_loss": 0.5})] * 3, {}, "one configuration"),
    ],
)
def test_what_says_nothing_says_so(
    lines: list[Line], parameters: dict[str, Any], told: str
) -> None:
    failed = TrialView("EXP-099", 99, state="failed", error="boom")
    found = what_mattered(sweep(lines, parameters, *(() if lines else (failed,))))
    assert told in found.nothing
    assert found.findings == ()
    assert found.importance == {}


def test_what_was_left_out_is_counted() -> None:
    others = [TrialView(f"EXP-{n}", n, state=s) for n, s in enumerate(("stopped", "failed"), 90)]
    merged = {path: p for given in FOUR for path, p in given.items()}
    told = sentences(what_mattered(sweep(factorial(0.012), merged, *others), shares=False))
    assert told[-1] == (
        "2 trials (1 failed, 1 stopped) are left out. Those stopped early were the worse ones, so "
        "effects look smaller than they are."
    )


def test_one_configuration_sampled_twice_is_one_measurement() -> None:
    lines = factorial(0.012)
    merged = {path: p for given in FOUR for path, p in given.items()}
    assert len(experiments_of(sweep([*lines, *lines], merged), ("val_loss",)).rows) == 16


def test_an_effect_that_turns_names_the_middle() -> None:
    """A valley over a log range: the squares see it, and both sides are told."""
    rates = [10 ** (-5 + 2 * i / 23) for i in range(24)]
    lines = [
        (
            {"training.learning_rate": rate, "lora.r": (8, 16)[(i // 2) % 2]},
            {"val_loss": 0.6 + 0.1 * (i / 11.5 - 1) ** 2 + 0.002 * ((i * 7) % 5)},
        )
        for i, rate in enumerate(rates)
    ]
    space = {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-3}
    found = found_of(lines, {"training.learning_rate": space}, RANK)
    (rate, rank) = found.findings
    assert (rate.credited, rank.credited) == (True, False)
    down, up = rate.effects
    # medians of the thirds: the 4th/5th, 12th/13th and 20th/21st of 24
    places = [(3.5 / 11.5 - 1) ** 2, 0.0, (19.5 / 11.5 - 1) ** 2]
    assert down.value == pytest.approx(0.1 * (places[1] - places[0]), rel=0.05)
    assert up.value == pytest.approx(0.1 * (places[2] - places[1]), rel=0.05)
    assert f", best near {parameter_text('', up.low)}" in sentences(found)[0]


def test_a_value_that_nearly_all_have_is_no_range() -> None:
    values = [0.5] * 12 + [0.1, 0.2, 0.8, 0.9]
    lines = [
        ({"lora.lora_dropout": v, "lora.r": 8 + (i * 5) % 16}, {"val_loss": 0.5 + 0.1 * v})
        for i, v in enumerate(values)
    ]
    space = {"lora.lora_dropout": {"min": 0.0, "max": 1.0}, "lora.r": {"min": 8, "max": 23}}
    found = found_of(lines, space)
    effects = found.findings[0].effects
    assert (effects[0].low, effects[-1].high) == (0.1, 0.9)
