"""How Optuna, Ray Tune and others write a parameter of a search, in our syntax.

Sources: Optuna's `suggest_float(low, high, step, log)` and `CategoricalDistribution(choices)`, Ray
Tune's `loguniform(lower, upper)`, `choice` and `grid_search`, hyperopt's `uniform` and `choice`.
"""

import re

# a key of another tool → what to write
KEYS: dict[str, str] = {
    **dict.fromkeys(("low", "lower", "lower_bound", "minimum", "start"), "Write `min`"),
    **dict.fromkeys(("high", "upper", "upper_bound", "maximum", "end", "stop"), "Write `max`"),
    **dict.fromkeys(
        ("choices", "choice", "categorical", "categories", "grid_search", "options", "grid"),
        "Write `values: [...]`",
    ),
    **dict.fromkeys(
        ("log", "log_scale", "scale"), "Write `distribution: log_uniform_values` for a log scale"
    ),
    **dict.fromkeys(
        ("step", "step_size", "quantum"),
        "Write `distribution: q_uniform` (or q_log_uniform_values) and the step as `q`",
    ),
    **dict.fromkeys(
        ("type", "dtype", "param_type"),
        "Remove it: whole numbers as `min` and `max` of a field of whole numbers give whole "
        "numbers; else write `distribution`",
    ),
    **dict.fromkeys(
        ("ratio_of", "multiple_of", "times_of", "relative_to", "proportional_to", "tied_to"),
        "Write `times: PATH`, and the factors as `values`, `value` or `min` and `max`",
    ),
    "bounds": "Write `min` and `max`",
    "range": "Write `min` and `max`",
    "default": "Remove it: the value that is not searched stands in trial",
}

# a distribution of another tool, without its module → ours
DISTRIBUTIONS: dict[str, str] = {
    **dict.fromkeys(("loguniform", "log", "lograndint"), "log_uniform_values"),
    **dict.fromkeys(("qloguniform", "qlograndint"), "q_log_uniform_values"),
    **dict.fromkeys(("float", "real", "floatdistribution", "range", "linear"), "uniform"),
    "interval": "uniform",
    **dict.fromkeys(("quniform", "qrandint", "discrete_uniform"), "q_uniform"),
    **dict.fromkeys(("int", "integer", "randint", "intdistribution", "randomint"), "int_uniform"),
    **dict.fromkeys(
        ("choice", "choices", "grid", "grid_search", "categoricaldistribution"), "categorical"
    ),
}


def our_syntax(key: str) -> str | None:
    """What to write for a parameter's key of another tool, or None.

    >>> our_syntax("low")
    'Write `min`'
    """
    return KEYS.get(key.lower())


CALL = re.compile(r"(?:\w+\.)*(\w+)\((.*)\)", re.DOTALL)
ENDS = ("min", "max", "q")
SUGGESTED = {"suggest_float": "uniform", "suggest_int": "int_uniform"}
WITHOUT_END = ("randint", "range", "lograndint")  # Ray Tune and Python leave the upper end out
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
ENDS_ALONE = re.compile(r"(\d[\d.]*(?:[eE]-?\d+)?)\s*(?:-|\.\.+|to|:)\s*(\d[\d.]*(?:[eE]-?\d+)?)")


def our_call(text: str) -> str | None:
    """What to write for a distribution that is written as a call, or None.

    >>> our_call("loguniform(1e-5, 1e-3)"), our_call("tune.choice([4, 8])")
    ('Write {distribution: log_uniform_values, min: 1e-5, max: 1e-3}', 'Write {values: [4, 8]}')
    """
    found = CALL.fullmatch(text.strip())
    if found is None:
        return _listed(text.strip())
    name, given = found[1].lower(), found[2].strip()
    ours = our_distribution(name) or name
    if ours == "categorical":
        return f"Write {{values: {given if given[:1] in '[(' else f'[{given}]'}}}".replace("(", "[")
    parts = [part.partition("=")[2].strip() or part.strip() for part in given.split(",")]
    if name in SUGGESTED:  # trial.suggest_float("name", low, high, log=True)
        log = parts[-1] in ("True", "true")
        parts, ours = parts[1:3], "log_uniform_values" if log else SUGGESTED[name]
    elif name in WITHOUT_END and len(parts) == 2 and parts[1].lstrip("-").isdecimal():
        parts, ours = [parts[0], str(int(parts[1]) - 1)], "int_uniform"
    if not 2 <= len(parts) <= 3:
        return None
    named = ", ".join(f"{end}: {part}" for end, part in zip(ENDS, parts, strict=False))
    return f"Write {{distribution: {ours}, {named}}}"


def _listed(text: str) -> str | None:
    """What to write for values without brackets (`2,4,8`) and for ends with a dash (`2-16`)."""
    if "," in text and all(map(NUMBER.fullmatch, (parts := [p.strip() for p in text.split(",")]))):
        return f"Write {{values: [{', '.join(parts)}]}}"
    ends = ENDS_ALONE.fullmatch(text)
    return f"Write {{min: {ends[1]}, max: {ends[2]}}}" if ends else None


def our_distribution(name: object) -> str | None:
    """Our name of another tool's distribution, or None.

    >>> our_distribution("tune.loguniform"), our_distribution("uniform")
    ('log_uniform_values', None)
    """
    return DISTRIBUTIONS.get(str(name).rpartition(".")[2].lower().replace("-", "_"))
