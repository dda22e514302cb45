"""The benchmark of claims runs, and its committed results hold what the documents say."""

import json
from pathlib import Path

import numpy as np

from benchmarks import effects

RESULTS = Path(effects.__file__).parent / "results" / "effects.json"


def test_a_row_of_it() -> None:
    row = effects._effects(12, "even", effects.NOISE["even"], effects.SLOPE, 3)
    assert {"false_claims", "coverage", "rate_seen"} <= set(row)
    assert 0 <= row["coverage"] <= 1


def test_noise_has_its_spread() -> None:
    places = np.linspace(-1, 1, 20_000)
    for name, draw in effects.NOISE.items():
        values = draw(np.random.default_rng(0), places)
        assert 0.5 < float(np.std(values)) < 2.5, name


def test_false_claims_are_rare_and_intervals_hold() -> None:
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))
    of_part = {part: [r for r in rows if r["part"] == part] for part in effects.PARTS}
    assert all(of_part.values())
    for row in [*of_part["effects"], *of_part["adaptive"]]:
        error = (0.05 * 0.95 / row["draws"]) ** 0.5
        assert row["false_claims"] <= 0.05 + 2 * error, row
    assert all(r["coverage"] >= 0.93 for r in of_part["effects"] if r["intervals"] > 1000)
    assert all(row["one_credited"] == 0 for row in of_part["together"])
    for row in of_part["importance"]:
        assert row["fANOVA_names_it"] > row["PED-ANOVA_names_it"], row
