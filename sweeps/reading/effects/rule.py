"""What a rule of effects is: when a field has none, whatever it is set to."""

from collections.abc import Callable
from typing import Any, NamedTuple

# every value that the field at a path has in some trial of the sweep; None: that cannot be told
Look = Callable[[str], list[Any] | None]
REMOVE = "Remove it"


class EffectRule(NamedTuple):
    """`field` (CLASS.FIELD) at `path` is idle where `idle` says so, because of `what`.

    A value other than the default is refused, or only warned about (`warns`) where it is often left
    over from another use of the spec, as `--set trial.training.max_steps` leaves epochs; searched
    or not. A value of `neutral`
    says what is so anyway.
    """

    field: str
    path: str
    idle: Callable[[Look], bool]
    what: str
    fix: str
    warns: bool = False
    neutral: tuple[Any, ...] = ()


def never(look: Look, path: str, wanted: Callable[[Any], bool]) -> bool:
    """Whether no trial has such a value there."""
    values = look(path)
    return values is not None and not any(wanted(value) for value in values)
