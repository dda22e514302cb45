"""What rules of effects ask of a spec: its trainings, and what holds where a parameter exists."""

from search_spaces.parameters import Parameter
from sweeps.reading.parts import Parts
from trainables.kinds import kind_of


def trainings(parts: Parts) -> list[tuple[str, str]]:
    """Where the fields of each training begin, and its kind."""
    stages = parts.trial.get("stages")
    if kind_of(parts.trial) != "staged" or not isinstance(stages, list):
        return [("", kind_of(parts.trial))]
    named = [(number, s) for number, s in enumerate(stages) if isinstance(s, dict)]
    return [(f"stages.{number}.", kind_of(stage)) for number, stage in named]


def varies(parameter: Parameter) -> bool:
    """Whether a parameter has more than one value."""
    return parameter.to_distribution().size() != 1


def held(parts: Parts, path: str) -> dict[str, Parameter]:
    """The parameters that a parameter's condition names, and those that theirs name, with the
    values that they have where it exists."""
    found: dict[str, Parameter] = {}
    for name, wanted in (parts.parameters[path].when or {}).items():
        values = wanted if isinstance(wanted, list) else [wanted]
        found |= {**held(parts, name), name: Parameter(values=values)}
    return found
