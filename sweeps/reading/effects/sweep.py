"""Fields of the sections beside `trial` that have no effect."""

from functools import partial

from sweeps.reading.effects.rule import EffectRule, Look, never

LAST_RUNG = 0.5  # before the end, where nothing is left to stop


def _other_rule(rule: str, look: Look) -> bool:
    return never(look, "search.selection.rule", lambda written: written == rule)


# of the sweep itself
SWEEP_RULES = (
    EffectRule(
        "EarlyStopping.reduction_factor",
        "search.early_stopping.reduction_factor",
        lambda look: never(look, "search.early_stopping.kind", lambda kind: kind == "asha"),
        "is asha's alone",
        "Remove it, or write kind: asha",
    ),
    EffectRule(
        "EarlyStopping.min_trials",
        "search.early_stopping.min_trials",
        lambda look: never(look, "search.early_stopping.kind", lambda kind: kind == "median"),
        "is median's alone",
        "Remove it, or write kind: median",
    ),
    EffectRule(
        "EarlyStopping.grace",
        "search.early_stopping.grace",
        lambda look: never(look, "search.early_stopping.grace", lambda g: g <= LAST_RUNG),
        "leaves nothing to stop: trials are compared at 1/8, 1/4 and 1/2 of their steps",
        "Write 0.5 or less, or remove search.early_stopping",
    ),
    EffectRule(
        "Selection.metrics",
        "search.selection.metrics",
        lambda look: never(
            look, "search.selection.rule", lambda rule: rule in ("balanced", "lexicographic")
        ),
        "is of the rules balanced and lexicographic alone",
        "Remove it, or write rule: balanced",
    ),
    *(
        EffectRule(
            f"Selection.{name}",
            f"search.selection.{name}",
            partial(_other_rule, rule),
            f"is of the rule {rule} alone",
            f"Remove it, or write rule: {rule}",
        )
        for name, rule in (("weights", "weighted"), ("tolerances", "lexicographic"))
    ),
    EffectRule(
        "ClusterConfig.address",
        "cluster.address",
        lambda look: never(look, "cluster.target", lambda target: target == "ray"),
        "is of the target ray alone",
        "Remove it, or write target: ray",
    ),
    *(
        EffectRule(
            f"WandbConfig.{name}",
            f"tracking.wandb.{name}",
            lambda look: never(look, "tracking.wandb.mode", lambda mode: mode != "disabled"),
            "has no effect while W&B is disabled",
            "Remove it, or write mode: offline",
            warns=True,
        )
        for name in ("project", "entity", "log_adapter")
    ),
)
