"""Between medsweep's values and Optuna's: Optuna sees numbers, and choices as JSON strings."""

import json
from collections.abc import Mapping
from math import expm1
from typing import TYPE_CHECKING, Any

from search_spaces.distributions import (
    Categorical,
    Constant,
    Distribution,
    IntUniform,
    LogUniform,
    Simplex,
    Uniform,
)
from search_spaces.space import Space
from search_spaces.values import counts_between, multiple_of

if TYPE_CHECKING:
    import optuna


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
        case Categorical(values):
            return json.loads(trial.suggest_categorical(path, [_text(v) for v in values]))
        case IntUniform(_, _, q):
            return trial.suggest_int(path, *distribution.probes(), step=q)
        case Uniform(low, high, None):
            return trial.suggest_float(path, low, high)
        case Uniform(low, high, int() | float() as q):
            counts = counts_between(low, high, q)
            return multiple_of(q, trial.suggest_int(path, counts[0], counts[-1]))
        case LogUniform(low, high, _):
            return distribution.quantise(trial.suggest_float(path, low, high, log=True))
        case Simplex(components):
            names = {name: f"{path}.{name}" for name in components}
            uniforms = {name: trial.suggest_float(own, 0, 1) for name, own in names.items()}
            return distribution.weights(uniforms)
    raise TypeError(f"{path}: no way to sample {distribution!r}")


def fixed(space: Space, values: Mapping[str, Any]) -> dict[str, Any]:
    """Optuna's parameters that make `suggest` give back `values` (of `space.contains`)."""
    params: dict[str, Any] = {}
    for path, value in values.items():
        distribution = space.parameters[path]
        match distribution:
            case Constant():
                continue
            case Categorical(choices):
                # the choice as it was written: 8.0 is a legal 8
                params[path] = next(_text(c) for c in choices if Categorical((c,)).contains(value))
            case Uniform(_, _, q) if q is not None:
                params[path] = round(value / q)
            case Uniform() | LogUniform():
                # Optuna draws another value where this one is a rounding error outside the range
                params[path] = distribution.quantise(value)
            case Simplex():
                params |= {f"{path}.{name}": -expm1(-weight) for name, weight in value.items()}
            case _:
                params[path] = value
    return params


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
