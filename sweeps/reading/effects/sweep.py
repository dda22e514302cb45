"""Fields of the sections beside `trial` that have no effect."""

from sweeps.reading.effects.rule import EffectRule, never

LAST_RUNG = 0.5  # before the end, where nothing is left to stop

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
        lambda look: never(look, "search.selection.rule", lambda rule: rule == "balanced"),
        "is of the rule balanced alone",
        "Remove it, or write rule: balanced",
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
