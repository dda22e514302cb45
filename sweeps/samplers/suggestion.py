"""Between medsweep's values and Optuna's: Optuna sees numbers, and choices as JSON strings.

A simplex of k weights is k uniform numbers u_i with w_i = -ln u_i / Σ -ln u_j, which is uniform on
the simplex (a Dirichlet of ones; Devroye 1986, chapter XI.4).
"""

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from search_spaces.distributions import (
    Choice,
    Constant,
    Distribution,
    IntUniform,
    LogUniform,
    Simplex,
    Uniform,
)
from search_spaces.space import Space

if TYPE_CHECKING:
    import optuna

TINY = 1e-12  # keeps ln u finite


def suggest(trial: "optuna.Trial", space: Space) -> dict[str, Any]:
    """Ask for every active parameter, parents first; dotted path → value."""
    values: dict[str, Any] = {}
    for path in space.order:
        if space.is_active(path, values):
            values[path] = _suggest_one(trial, path, space.parameters[path])
    return values


def _suggest_one(trial: "optuna.Trial", path: str, distribution: Distribution) -> Any:
    match distribution:
        case Constant(value):
            return value
        case Choice(values):
            return json.loads(trial.suggest_categorical(path, [_text(v) for v in values]))
        case IntUniform(low, high, q):
            low, high = math.ceil(low / q) * q, math.floor(high / q) * q
            return trial.suggest_int(path, low, high, step=q)
        case Uniform(low, high, None):
            return trial.suggest_float(path, low, high)
        case Uniform(low, high, q):
            counts = trial.suggest_int(path, math.ceil(low / q), math.floor(high / q))
            return counts * q
        case LogUniform(low, high, q):
            return _rounded(trial.suggest_float(path, low, high, log=True), low, high, q)
        case Simplex(components):
            drawn = {
                name: -math.log(trial.suggest_float(f"{path}.{name}", TINY, 1))
                for name in components
            }
            total = sum(drawn.values()) or 1.0
            return {name: value / total for name, value in drawn.items()}
    raise TypeError(f"{path}: no way to sample {distribution!r}")


def fixed(space: Space, values: Mapping[str, Any]) -> dict[str, Any]:
    """Optuna's parameters that make `suggest` give back `values` (of `space.contains`)."""
    params: dict[str, Any] = {}
    for path, value in values.items():
        match space.parameters[path]:
            case Constant():
                continue
            case Choice(choices):
                # the choice as it was written: 8.0 is a legal 8
                params[path] = next(_text(c) for c in choices if Choice((c,)).contains(value))
            case Uniform(_, _, q) if q is not None:
                params[path] = round(value / q)
            case Simplex():
                params |= {f"{path}.{n}": max(TINY, math.exp(-w)) for n, w in value.items()}
            case _:
                params[path] = value
    return params


def _rounded(value: float, low: float, high: float, q: float | None) -> float:
    if q is None:
        return value
    counts = min(max(round(value / q), math.ceil(low / q)), math.floor(high / q))
    return counts * q


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
