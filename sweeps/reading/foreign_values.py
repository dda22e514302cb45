"""What other tools call the values that we choose from: `minimize` is our `min`."""

from collections.abc import Iterable

from search_spaces.nearest import nearest

# the foreign value, in lower case with underscores → ours; only used where ours may stand
VALUES: dict[str, str] = {
    # an objective's direction
    **dict.fromkeys(("minimize", "minimise", "minimum", "lower", "lower_is_better"), "min"),
    **dict.fromkeys(("maximize", "maximise", "maximum", "higher", "greater_is_better"), "max"),
    # precisions and quantizations
    **dict.fromkeys(("bf16", "torch.bfloat16"), "bfloat16"),
    **dict.fromkeys(("fp16", "half", "torch.float16"), "float16"),
    **dict.fromkeys(("fp32", "float", "full", "torch.float32"), "float32"),
    **dict.fromkeys(("4", "4bit", "int4", "bnb_4bit", "qlora", "load_in_4bit", "fp4"), "nf4"),
    **dict.fromkeys(("8", "8bit", "bnb_8bit", "load_in_8bit", "llm.int8"), "int8"),
    # optimizers
    **dict.fromkeys(("adamw", "adam", "adamw_hf", "torch.optim.adamw"), "adamw_torch"),
    **dict.fromkeys(("adamw_bnb_8bit", "adamw8bit", "adam8bit"), "adamw_8bit"),
    **dict.fromkeys(("paged_adamw", "pagedadamw32bit"), "paged_adamw_32bit"),
    "pagedadamw8bit": "paged_adamw_8bit",
    # samplers and rules for stopping
    **dict.fromkeys(("tpesampler", "bayes", "bayesian", "hyperopt", "bohb", "optuna"), "tpe"),
    **dict.fromkeys(("randomsampler", "random_search"), "random"),
    **dict.fromkeys(("gridsampler", "grid_search"), "grid"),
    **dict.fromkeys(("qmcsampler", "sobol"), "qmc"),
    **dict.fromkeys(("gpsampler", "gaussian_process", "bayesopt"), "gp"),
    **dict.fromkeys(("cmaessampler", "cma_es", "cma"), "cmaes"),
    **dict.fromkeys(("hyperband", "asynchyperband", "ashascheduler"), "asha"),
    **dict.fromkeys(("successivehalvingpruner", "successive_halving", "hyperbandpruner"), "asha"),
    **dict.fromkeys(("medianpruner", "medianstopping", "median_stopping_rule"), "median"),
    # kinds of trial
    **dict.fromkeys(("rm", "reward_model", "reward_modeling"), "reward"),
    **dict.fromkeys(("lora", "qlora", "qlora_sft", "finetune", "supervised", "instruct"), "sft"),
}

PAIRS = "Write `kind: dpo`, which learns from pairs too"
REWARDS = "Write `kind: grpo` or `kind: ppo`, which learn from rewards too"
# methods that are not here, and what comes nearest
METHODS: dict[str, str] = {
    **dict.fromkeys(("orpo", "kto", "simpo", "cpo", "bco", "sppo", "rrhf", "slic"), PAIRS),
    **dict.fromkeys(("ipo", "hinge", "robust_dpo"), "Write `kind: dpo` with its `loss_type`"),
    **dict.fromkeys(("rlhf", "rlaif"), "Write `kind: ppo`, or `staged` with its three stages"),
    **dict.fromkeys(("rloo", "reinforce", "reinforce++", "remax", "dapo", "gspo", "a2c"), REWARDS),
    **dict.fromkeys(
        ("pt", "pretrain", "pretraining", "cpt", "continued_pretraining", "clm"),
        "Write `kind: sft` and `format: text` in trial.data, which learns whole texts",
    ),
}


def kind_fix(given: object, kinds: Iterable[str]) -> str:
    """What to write for a kind of trial that is not one: by meaning first, then by spelling."""
    known = list(kinds)
    text = str(given).lower().replace("-", "_").replace(" ", "_")
    if text in METHODS:
        return METHODS[text]
    meant = meant_value(given, known)
    return f"Did you mean `{meant}`?" if meant else f"Kinds: {', '.join(known)}"


def meant_value(given: object, allowed: Iterable[str]) -> str | None:
    """The legal value that `given` stands for: by meaning first, then by spelling.

    >>> meant_value("minimize", ["min", "max"]), meant_value("constnt", ["linear", "constant"])
    ('min', 'constant')
    """
    if not isinstance(given, str):
        return None
    known = list(allowed)
    ours = VALUES.get(given.lower().replace("-", "_").replace(" ", "_"))
    return ours if ours in known else nearest(given, known)
