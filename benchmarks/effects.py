"""What "what mattered" claims of sweeps whose truth is known: false claims, coverage, power.

    python -m benchmarks.effects [--part effects] [--draws N] [--json FILE]

A made-up sweep has a learning rate (log-uniform), a rank (8, 16, 32), dropout (a range) and modules
(two choices). Parts:

- `effects`: nothing matters, or the rate matters by `SLOPE` from end to end; noise even,
  heavy-tailed (t3), skewed (log-normal) or four times larger at one end of the rate. Share of
  sweeps with any false claim of an effect or an interaction, share of 95% intervals that hold the
  truth, share that see the rate. For comparison the usual standard errors and HC2.
- `together`: a fifth parameter that follows the rank always; how often either is credited.
- `importance`: how often the parameter that matters most (three quarters of the variance, the rank
  the rest) is named, by PED-ANOVA and fANOVA; also where the rate's effect is a valley.
- `adaptive`: trials proposed by Optuna's TPE, which looks at the results: false claims again.

The last two draw a quarter as many sweeps.
"""

import argparse
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.effects.experiments import Experiment
from analysis.effects.factors import factors_of
from analysis.effects.findings import WhatMattered, what_mattered
from analysis.effects.importance import _columns, _forest
from analysis.effects.main_effects import corrected_for_all, design_of
from analysis.runs import Run, TrialView
from benchmarks.output import JSON, command, device, tell
from sweeps.spec.sections import SearchSpec

Array = NDArray[np.float64]
COUNTS = (8, 12, 20, 30)  # of the first, only a parameter that never varied leaves enough
SLOPE = 2.0  # from one end of the rate to the other, in standard deviations of the noise
RATE, RANK, DROPOUT, MODULES, ALPHA = (
    "training.learning_rate",
    "lora.r",
    "lora.lora_dropout",
    "lora.target_modules",
    "lora.lora_alpha",
)
SPACE: dict[str, Any] = {
    RATE: {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-3},
    RANK: {"values": [8, 16, 32]},
    DROPOUT: {"min": 0.0, "max": 0.1},
    MODULES: {"values": ["qv", "all"]},
}
NOISE: dict[str, Callable[[np.random.Generator, Array], Array]] = {
    "even": lambda random, x: random.normal(size=len(x)),
    "t3": lambda random, x: random.standard_t(3, len(x)) / np.sqrt(3),
    "skewed": lambda random, x: np.exp(random.normal(size=len(x))) / 2.16,
    "growing": lambda random, x: random.normal(size=len(x)) * 2.0 ** (2 * x),
}


def settings(random: np.random.Generator, count: int) -> list[dict[str, Any]]:
    """Configurations drawn at random."""
    return [
        {
            RATE: float(10 ** random.uniform(-5, -3)),
            RANK: int(random.choice([8, 16, 32])),
            DROPOUT: float(random.uniform(0, 0.1)),
            MODULES: str(random.choice(["qv", "all"])),
        }
        for _ in range(count)
    ]


def place(drawn: Sequence[dict[str, Any]]) -> Array:
    """The rates from -1 to 1."""
    return np.array([np.log10(p[RATE]) + 4 for p in drawn])


def run_of(drawn: Sequence[dict[str, Any]], losses: Array, **more: Any) -> Run:
    """A run of these trials."""
    objective = {"metric": "val_loss", "mode": "min"}
    search = SearchSpec.model_validate({"parameters": SPACE | more, "objective": objective})
    trials = tuple(
        TrialView(f"EXP-{n}", n, None, "complete", dict(p), dict(p), {"val_loss": float(y)})
        for n, (p, y) in enumerate(zip(drawn, losses, strict=True), 1)
    )
    return Run("made", Path("made"), search, trials)


def claims(found: WhatMattered, true: set[str]) -> tuple[bool, bool]:
    """(whether something false is claimed, whether the rate is seen)."""
    credited = {p for f in found.findings if f.credited for p in f.parameters}
    false = bool(credited - true) or any(i.credited for i in found.interactions)
    return false, RATE in credited


def usual(drawn: Sequence[dict[str, Any]], losses: Array, kind: str) -> bool:
    """Whether the same model claims anything with the usual standard errors, or with HC2."""
    from scipy import stats

    rows = [Experiment("", dict(p), {}, ()) for p in drawn]
    factors = factors_of(rows, SearchSpec.model_validate({"parameters": SPACE}).parameters)
    design, _ = design_of(factors)
    left = len(losses) - design.shape[1]
    inverse = np.linalg.pinv(design)
    residuals = losses - design @ (inverse @ losses)
    hat = np.clip(np.einsum("ij,ji->i", design, inverse), 0, 1 - 1e-9)
    spread = residuals**2 / (1 - hat) if kind == "HC2" else residuals @ residuals / left
    errors = np.sqrt(np.diag((inverse * spread) @ inverse.T))[1:]
    p_values = 2 * stats.t.sf(np.abs((inverse @ losses)[1:] / errors), left)
    return min(corrected_for_all([float(p) for p in p_values])) <= 0.05


def effects(draws: int) -> Iterable[JSON]:
    """A row a number of trials, noise and truth."""
    for count in COUNTS:
        for noise, errors in NOISE.items():
            for slope in (0.0, SLOPE) if noise == "even" else (0.0,):
                yield _effects(count, noise, errors, slope, draws)


def _effects(
    count: int, noise: str, errors: Callable[..., Array], slope: float, draws: int
) -> JSON:
    false = seen = plain = hc2 = held = intervals = 0
    for seed in range(draws):
        random = np.random.default_rng([seed, count])
        drawn = settings(random, count)
        x = place(drawn)
        losses = slope / 2 * x + errors(random, x)
        found = what_mattered(run_of(drawn, losses), shares=False)
        wrong, right = claims(found, {RATE} if slope else set())
        false, seen = false + wrong, seen + right
        if not slope:
            plain += usual(drawn, losses, "plain")
            hc2 += usual(drawn, losses, "HC2")
        for effect in (e for f in found.findings for e in f.effects):
            truth = 0.0
            if effect.parameter == RATE:
                truth = slope / 2 * float(np.log10(effect.high / effect.low))
            held += abs(effect.value - truth) <= effect.half_width
            intervals += 1
    row = {"part": "effects", "trials": count, "noise": noise, "slope": slope, "draws": draws}
    row |= {"false_claims": false / draws, "intervals": intervals}
    row |= {"coverage": round(held / intervals, 4) if intervals else None}
    if slope:
        return row | {"rate_seen": seen / draws}
    return row | {"false_usual": plain / draws, "false_HC2": hc2 / draws}


def together(draws: int) -> Iterable[JSON]:
    """A rank that matters, and an alpha that always follows it."""
    for count in COUNTS:
        alone = joint = 0
        for seed in range(draws):
            random = np.random.default_rng([seed, count, 1])
            drawn = [p | {ALPHA: p[RANK] ** 2 // 4} for p in settings(random, count)]
            losses = (
                np.array([np.log2(p[RANK] / 16) for p in drawn]) + random.normal(size=count) / 4
            )
            found = what_mattered(
                run_of(drawn, losses, **{ALPHA: {"values": [16, 64, 256]}}), shares=False
            )
            credited = [f.parameters for f in found.findings if f.credited]
            alone += (RANK,) in credited or (ALPHA,) in credited
            joint += any(set(p) >= {RANK, ALPHA} for p in credited)
        shares = {"one_credited": alone / draws, "both_together": joint / draws}
        yield {"part": "together", "trials": count, "draws": draws, **shares}


def importance(draws: int) -> Iterable[JSON]:
    """How often the parameter that matters most is named."""
    for count in COUNTS:
        for shape in ("slope", "valley"):
            named = dict.fromkeys(("PED-ANOVA", "fANOVA"), 0)
            for seed in range(draws):
                random = np.random.default_rng([seed, count, 2])
                drawn = settings(random, count)
                x = place(drawn)
                rate = x * np.sqrt(3) if shape == "slope" else (x**2 - 1 / 3) / np.sqrt(4 / 45)
                rank = np.array([np.log2(p[RANK] / 16) for p in drawn]) / np.sqrt(2 / 3)
                losses = np.sqrt(0.75) * rate + 0.5 * rank + 0.3 * random.normal(size=count)
                for name, share in _shares(drawn, losses).items():
                    named[name] += share[0] == max(share)
            shares = {f"{name}_names_it": hits / draws for name, hits in named.items()}
            yield {"part": "importance", "trials": count, "shape": shape, "draws": draws, **shares}


def _shares(drawn: Sequence[dict[str, Any]], losses: Array) -> dict[str, list[float]]:
    """Both evaluators' shares, the rate's first."""
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    rows = [Experiment("", dict(p), {}, ()) for p in drawn]
    factors = factors_of(rows, SearchSpec.model_validate({"parameters": SPACE}).parameters)
    _, columns = _columns([(f,) for f in factors])
    values = tuple(float(y) for y in losses)
    forest = list(_forest(columns, values, np.arange(len(values)), 64))
    names = [str(i) for i in range(len(columns))]
    spaces: dict[str, Any] = {
        n: optuna.distributions.CategoricalDistribution((0, 1))
        if choices
        else optuna.distributions.FloatDistribution(min(v), max(v))
        for n, (v, choices) in zip(names, columns, strict=True)
    }
    study = optuna.create_study()
    for i, y in enumerate(values):
        params = {n: int(v[i]) if c else v[i] for n, (v, c) in zip(names, columns, strict=True)}
        study.add_trial(optuna.trial.create_trial(value=y, params=params, distributions=spaces))
    good = max(0.1, min(0.5, 5 / len(values)))  # at least five trials, as Optuna advises
    evaluator = PedAnovaImportanceEvaluator(target_quantile=good)
    found = get_param_importances(study, evaluator=evaluator, params=names)
    return {"PED-ANOVA": [found[n] for n in names], "fANOVA": forest}


def adaptive(draws: int) -> Iterable[JSON]:
    """Trials that TPE proposed: nothing matters, or the rate does."""
    for count in COUNTS:
        for slope in (0.0, SLOPE):
            false = seen = 0
            for seed in range(draws):
                drawn, losses = _proposed(seed, count, slope)
                wrong, right = claims(
                    what_mattered(run_of(drawn, losses), shares=False), {RATE} if slope else set()
                )
                false, seen = false + wrong, seen + right
            row = {"part": "adaptive", "trials": count, "slope": slope, "draws": draws}
            yield {**row, "false_claims": false / draws, "rate_seen": seen / draws}


def _proposed(seed: int, count: int, slope: float) -> tuple[list[dict[str, Any]], Array]:
    import optuna

    random = np.random.default_rng([seed, count, 3])
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    drawn: list[dict[str, Any]] = []
    losses: list[float] = []

    def objective(trial: Any) -> float:
        own = {
            RATE: trial.suggest_float(RATE, 1e-5, 1e-3, log=True),
            RANK: trial.suggest_categorical(RANK, [8, 16, 32]),
            DROPOUT: trial.suggest_float(DROPOUT, 0, 0.1),
            MODULES: trial.suggest_categorical(MODULES, ["qv", "all"]),
        }
        drawn.append(own)
        losses.append(slope / 2 * float(place([own])[0]) + float(random.normal()))
        return losses[-1]

    study.optimize(objective, n_trials=count)
    return drawn, np.array(losses)


PARTS = {
    "effects": effects,
    "together": together,
    "importance": importance,
    "adaptive": adaptive,
}


def main() -> None:
    """Print a line a setting."""
    import optuna

    parser: argparse.ArgumentParser = command(__doc__)
    parser.add_argument("--part", choices=sorted(PARTS), action="append")
    parser.add_argument("--draws", type=int, default=1000)
    given = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    share = {"importance": 4, "adaptive": 4}  # they take their time
    draws = {part: given.draws // share.get(part, 1) for part in given.part or PARTS}
    rows = (row for part, count in draws.items() for row in PARTS[part](count))
    tell(rows, {"device": device()}, given.json)


if __name__ == "__main__":
    main()
