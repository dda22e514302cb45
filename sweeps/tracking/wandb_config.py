"""What W&B is told, as plain data: the sweep's configuration and a run's config."""

import json
from typing import Any

METHODS = {
    "random": "random",
    "qmc": "random",
    "grid": "grid",
    "tpe": "bayes",
    "gp": "bayes",
    "cmaes": "bayes",
}
GOALS = {"min": "minimize", "max": "maximize"}


def sweep_config(
    name: str, spec: dict[str, Any], parameters: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """The configuration of the W&B sweep: what its panels need to know.

    Of several objectives W&B takes the first. medsweep does the sampling, W&B only shows it.
    """
    search = spec["search"]
    objective = search["objective"]
    first = objective if isinstance(objective, dict) else objective[0]
    return {
        "name": name,
        "method": METHODS[search["sampler"]],
        "metric": {"name": first["metric"], "goal": GOALS[first["mode"]]},
        "parameters": sweep_parameters(parameters),
    }


def sweep_parameters(parameters: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Our parameters in W&B's own syntax: `when` dropped, `simplex` as uniform components too."""
    made: dict[str, dict[str, Any]] = {}
    for path, given in parameters.items():
        if given.get("times") is not None:
            made[path] = _tied(path, parameters)
            continue
        made[path] = _parameter({k: v for k, v in given.items() if k != "when" and v is not None})
        for component in given.get("simplex") or ():
            made[f"{path}.{component}"] = {"distribution": "uniform", "min": 0.0, "max": 1.0}
    return made


def _tied(path: str, parameters: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A multiple of another parameter: the range of its products."""
    ends = _ends(path, parameters)
    return {"distribution": "uniform", "min": float(min(ends)), "max": float(max(ends))}


def _ends(path: str, parameters: dict[str, dict[str, Any]]) -> list[float]:
    given = parameters[path]
    listed = given.get("values") or [given[n] for n in ("value", "min", "max") if n in given]
    bases = _ends(given["times"], parameters) if given.get("times") is not None else [1]
    return [factor * base for factor in listed for base in bases]


def _parameter(given: dict[str, Any]) -> dict[str, Any]:
    if "simplex" in given:
        return {"value": list(given["simplex"])}
    if any(isinstance(value, dict) for value in given.get("values") or ()):  # whole sections
        return {**given, "values": [json.dumps(value) for value in given["values"]]}
    if "min" in given and "distribution" not in given:  # W&B refuses an int beside a float
        whole = isinstance(given["min"], int) and isinstance(given["max"], int)
        return {**given, "distribution": "int_uniform" if whole else "uniform"}
    return given


def run_config(config: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """A run's config: one flat key a dotted path, and one a component of a simplex.

    A simplex itself goes as JSON text: as a mapping W&B would show each component twice.
    """
    flat = {**config, **parameters}
    for path, value in parameters.items():
        if isinstance(value, dict):
            flat[path] = json.dumps(value)
            flat.update({f"{path}.{component}": share for component, share in value.items()})
    return flat
