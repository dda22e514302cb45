"""Fields of data that have no effect, below a section of data or one of its components."""

from typing import Any

from sweeps.reading.effects.rule import REMOVE, EffectRule, Look, never
from sweeps.reading.file_checks import is_local


def _on_hub(source: Any) -> bool:
    return (
        isinstance(source, str) and not source.startswith(("hpo:", "toy:")) and not is_local(source)
    )


def _made_here(look: Look) -> bool:
    """Whether every source is embedded or made on the spot."""
    return never(look, "source", lambda s: not str(s).startswith(("hpo:", "toy:")))


def _no_columns(look: Look) -> bool:
    return _made_here(look) or never(look, "format", lambda name: name in (None, "preference"))


# below a section of data, or one of its components
SOURCE_RULES = (
    *(
        EffectRule(
            f"{section}.format",
            "format",
            _made_here,
            "is how a published data set is read, and the source is none",
            REMOVE,
        )
        for section in ("SourceConfig", "PairSourceConfig")
    ),
    *(
        EffectRule(
            f"{section}.{name}",
            name,
            lambda look: never(look, "source", _on_hub),
            "is of data sets on the hub, and the source is not there",
            REMOVE,
        )
        for section in ("SourceConfig", "PairSourceConfig")
        for name in ("revision", "subset")
    ),
    *(
        EffectRule(
            f"{section}.hub_split",
            "hub_split",
            lambda look: (
                _made_here(look) or (never(look, "source", _on_hub) and never(look, "format", bool))
            ),
            "names a published split, and the source has none",
            REMOVE,
        )
        for section in ("SourceConfig", "PairSourceConfig")
    ),
    *(
        EffectRule(
            f"{section}.{name}",
            f"fields.{name}",
            _no_columns,
            "names a column, and the source's columns are known",
            "Remove it, or read the source's own columns without `format`",
        )
        for section, names in (
            ("FieldMapping", ("question", "answer", "group", "system", "reasoning", "messages")),
            ("PairFields", ("prompt", "chosen", "rejected", "group")),
        )
        for name in names
    ),
    *(
        EffectRule(
            f"{section}.split_limit",
            "split_limit",
            lambda look: never(look, "validation", lambda rows: rows is None),
            "has no effect where `validation` names the rows: limit changes none of them",
            REMOVE,
        )
        for section in ("SourceConfig", "PairSourceConfig")
    ),
    EffectRule(
        "SourceConfig.answer_index_base",
        "answer_index_base",
        lambda look: never(look, "format", lambda name: name == "medmcqa"),
        "is asked by the format medmcqa alone",
        REMOVE,
    ),
    EffectRule(
        "SourceConfig.rationale",
        "rationale",
        lambda look: never(look, "instruction", lambda name: name != "extractive"),
        "is no part of extractive answers",
        "Remove it, or choose another instruction",
    ),
    *(
        EffectRule(
            f"{section}.allow_benchmark_training",
            "allow_benchmark_training",
            lambda look: never(look, "format", bool) and not _made_here(look),
            "allows what nothing forbids: rows of columns are not known to be a benchmark's",
            REMOVE,
            warns=True,
        )
        for section in ("SourceConfig", "PairSourceConfig")
    ),
)
WEIGHT_RULE = EffectRule(
    "Component.weight",
    "weight",
    lambda look: never(look, "weights", lambda weights: weights is None),
    "is replaced by data.weights",
    "Remove one of the two",
    warns=True,
)
