"""Weights of rewards that have no effect."""

from collections.abc import Iterator

from search_spaces.schema import get_path
from sweeps.reading.document import SpecFinding
from sweeps.reading.effects.looking import trainings, varies
from sweeps.reading.parts import Parts


def only_weights(parts: Parts) -> Iterator[SpecFinding]:
    """A weight that is searched beside no other: the total is a weighted mean."""
    for prefix, _ in trainings(parts):
        path = f"{prefix}reward.weights"
        searched = [name for name in parts.parameters if name.startswith(f"{path}.")]
        given = get_path(parts.trial, path) or {}
        weighed = {name for name, weight in given.items() if weight}
        weighed |= {name.removeprefix(f"{path}.") for name in searched}
        if len(weighed) == 1 and any(varies(parts.parameters[name]) for name in searched):
            what = "is searched, and is the only weight: the total is a weighted mean, the same "
            what += "for any weight above 0"
            fix = "Give another reward a weight too, or remove it"
            yield SpecFinding(("search", "parameters", searched[0]), what, None, fix)
