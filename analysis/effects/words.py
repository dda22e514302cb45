"""What mattered, in sentences."""

import math
from collections.abc import Sequence

from analysis.effects.findings import WhatMattered
from analysis.effects.importance import LEAST, SURE, Share
from analysis.effects.interactions import Interaction
from analysis.effects.main_effects import Effect, Finding
from analysis.runs import is_number
from analysis.wording import delta_text, mode, parameter_text, plural, title

UNITS = {"gpu_peak_gb": " GB", "minutes": " min"}
COST_NAMES = {"gpu_peak_gb": "memory", "minutes": "time"}


def sentences(found: WhatMattered) -> tuple[str, ...]:
    """All that can be said; one sentence where that is nothing."""
    left = left_out_text(found)
    if found.nothing:
        return tuple(filter(None, (*found.together, found.nothing, left)))
    return tuple(
        filter(
            None,
            (
                *(line for f in found.findings if f.credited and (line := _credited(f, found))),
                *_not_credited(found),
                *found.together,
                *_costs_alone(found),
                *(_interaction(i) for i in found.interactions if i.credited),
                *(_first(metric, shares, found) for metric, shares in found.importance.items()),
                how(found),
                left,
            ),
        )
    )


def how(found: WhatMattered) -> str:
    """What the numbers are of, and for how many they were corrected."""
    of = plural(len(found.table.rows), "configuration")
    new = f", {found.table.fresh} of them with new seeds" if found.table.fresh else ""
    repeats = f" ({plural(found.table.trials, 'trial')}{new})" if found.table.repeated else ""
    pairs = len(found.interactions)
    looked = f"; {plural(pairs, 'pair')} of parameters for interactions" if pairs else ""
    return (
        f"From a linear model of {of}{repeats}, each effect with the other parameters held equal; "
        f"± is half the 95% interval. {plural(len(found.findings), 'effect')} looked at{looked}; "
        "p-values are corrected for that (Holm)."
    )


def left_out_text(found: WhatMattered) -> str:
    """How many trials are not among them; "" where all are."""
    left = found.table.left_out
    if not left:
        return ""
    listed = ", ".join(f"{count} {state}" for state, count in sorted(left.items()))
    verb = "is" if sum(left.values()) == 1 else "are"
    worse = (
        " Those stopped early were the worse ones, so effects look smaller than they are."
        if left.get("stopped") and not found.nothing
        else ""
    )
    return f"{plural(sum(left.values()), 'trial')} ({listed}) {verb} left out.{worse}"


def effect_text(effect: Effect, metric: str, unit: bool = False) -> str:
    """`−0.012 ± 0.004`."""
    places = decimals(effect.value, effect.half_width)
    text = f"{delta_text(effect.value, places)} ± {effect.half_width:.{places}f}"
    return text + UNITS.get(metric, "") if unit else text


def range_text(effect: Effect) -> str:
    """`8 to 16`; of weights, whose."""
    of = f"{effect.component} " if effect.component else ""
    low, high = (parameter_text(effect.parameter, v) for v in (effect.low, effect.high))
    return f"{of}{low} to {high}"


def decimals(value: float, half_width: float) -> int:
    """As many that the uncertainty has two digits; of an exact value four."""
    size = half_width if half_width > 1e-12 else abs(value) / 100
    return max(0, min(8, 1 - math.floor(math.log10(size)))) if size > 0 else 4


def _credited(finding: Finding, found: WhatMattered) -> str:
    name = title(finding.metric)
    if not finding.effects:
        listed = " and ".join(finding.parameters)
        return f"{listed}: together they made a difference in {name} ({_p(finding.corrected)})."
    steps = "; ".join(
        f"{range_text(e)}: {name} {effect_text(e, finding.metric)}" for e in finding.effects
    )
    costs = [_cost(c) for c in found.costs if c.credited and c.parameters == finding.parameters]
    beside = f"; {', '.join(costs)}" if costs else ""
    return f"{finding.parameters[0]} {steps} ({_p(finding.corrected)}){_turn(finding)}{beside}."


def _turn(finding: Finding) -> str:
    """Where the best value is within what was tried."""
    if len(finding.effects) != 2 or not all(is_number(e.low) for e in finding.effects):
        return ""
    up = 1 if mode(finding.metric) == "max" else -1
    into, out = (up * e.value - e.half_width for e in finding.effects), finding.effects[1]
    rises = next(iter(into)) > 0
    falls = -up * out.value - out.half_width > 0
    best = parameter_text(out.parameter, out.low)
    return f", best near {best}" if rises and falls else ""


def _cost(finding: Finding) -> str:
    first, last = finding.effects[0], finding.effects[-1]
    told = [first] if first is last else [first, last]
    name = COST_NAMES.get(finding.metric, title(finding.metric))
    return f"{name} " + ", then ".join(effect_text(e, finding.metric, unit=True) for e in told)


def _costs_alone(found: WhatMattered) -> list[str]:
    """What parameters cost that changed nothing else."""
    known = {f.parameters for f in found.findings if f.credited}
    return [
        f"{c.parameters[0]} {range_text(c.effects[0])}: {_cost(c)}."
        for c in found.costs
        if c.credited and c.effects and c.parameters not in known
    ]


def _not_credited(found: WhatMattered) -> list[str]:
    """The parameters whose effect may be chance, by metric."""
    told = []
    for metric in found.metrics:
        own = [f for f in found.findings if f.metric == metric]
        quiet = [" with ".join(f.parameters) for f in own if not f.credited]
        if not own:
            told.append(f"{title(metric)} is the same in all configurations.")
        elif len(quiet) == len(own):
            listed = ", ".join(quiet)
            told.append(
                f"No effect on {title(metric)} can be told from chance (looked at: {listed})."
            )
        elif quiet:
            told.append(
                f"Not told from chance, in {title(metric)}: {', '.join(quiet)}; that is not to "
                "say that they do nothing."
            )
    return told


def _interaction(found: Interaction) -> str:
    effects = [
        f"{effect_text(effect, found.metric)} where {found.other} is "
        f"{parameter_text(found.other, value)}"
        for value, effect in found.at
    ]
    return (
        f"{found.parameter} works differently with {found.other}: {range_text(found.at[0][1])} is "
        f"{title(found.metric)} {', '.join(effects)} ({_p(found.corrected)})."
    )


def _first(metric: str, shares: Sequence[Share], found: WhatMattered) -> str:
    """Which parameter mattered most, where that is sure."""
    first = shares[0]
    proved = any(
        f.credited and f.parameters == first.parameters and f.metric == metric
        for f in found.findings
    )
    if not proved or first.first < SURE:
        return ""
    return f"{' with '.join(first.parameters)} matters most for {title(metric)}."


def share_text(share: Share) -> str:
    """`lora.r 72% (49% to 88%)`."""
    names = " with ".join(share.parameters)
    return f"{names} {share.value:.0%} ({share.low:.0%} to {share.high:.0%})"


def why_no_importance(found: WhatMattered) -> str:
    """Why there are no shares; "" where there are."""
    if found.importance:
        return ""
    rows = len(found.table.rows)
    varied = {f.parameters for f in found.findings}
    if not found.nothing and len(varied) < 2:
        return "Not shown: only one parameter varied, so there is no importance to share out."
    return (
        f"Not shown: shares of importance add up to 1 whatever the data, and with fewer than "
        f"{LEAST} configurations they say nothing; here: {plural(rows, 'configuration')}."
    )


def importance_note(found: WhatMattered) -> str:
    """What shares are, and of how many trials."""
    of = plural(len(found.table.rows), "configuration")
    return (
        f"fANOVA over {of}: the share of what the parameters explain that is each one's own, with "
        "95% intervals over trials drawn again. Shares add up to 1 whatever the data, so of "
        "parameters that do nothing one still leads; which effects are real, the tests above say."
    )


def importance_lines(found: WhatMattered) -> list[str]:
    """The shares as text, a line a metric."""
    of = plural(len(found.table.rows), "configuration")
    return [
        f"Importance for {title(metric)} ({of}): {', '.join(map(share_text, shares))}."
        for metric, shares in found.importance.items()
    ]


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"
