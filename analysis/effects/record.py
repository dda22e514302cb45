"""What mattered as best.json keeps it: numbers first, then the sentences."""

from typing import Any

from analysis.effects.findings import WhatMattered
from analysis.effects.interactions import Interaction
from analysis.effects.main_effects import Effect, Finding
from analysis.effects.words import importance_lines, sentences


def recorded(found: WhatMattered) -> dict[str, Any]:
    """The entry `what_mattered`. Intervals are 95%; `credited` is false where chance may be all."""
    return {
        "configurations": len(found.table.rows),
        "trials": found.table.trials,
        "left_out": found.table.left_out,
        "importance": {
            metric: [
                {
                    "parameters": list(s.parameters),
                    "share": s.value,
                    "interval": [s.low, s.high],
                }
                for s in shares
            ]
            for metric, shares in found.importance.items()
        },
        "effects": [_finding(f) for f in (*found.findings, *found.costs)],
        "interactions": [_interaction(i) for i in found.interactions],
        "changed_together": [list(group) for group in found.groups],
        "sentences": [*sentences(found), *importance_lines(found)],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "parameters": list(finding.parameters),
        "metric": finding.metric,
        "p": finding.p,
        "p_corrected": finding.corrected,
        "credited": finding.credited,
        "differences": [_effect(e) for e in finding.effects],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        **({"weight_of": effect.component} if effect.component else {}),
        "from": effect.low,
        "to": effect.high,
        "difference": effect.value,
        "interval": [effect.value - effect.half_width, effect.value + effect.half_width],
    }


def _interaction(found: Interaction) -> dict[str, Any]:
    return {
        "parameter": found.parameter,
        "other": found.other,
        "metric": found.metric,
        "p": found.p,
        "p_corrected": found.corrected,
        "credited": found.credited,
        "differences": [{"other": value, **_effect(e)} for value, e in found.at],
    }
