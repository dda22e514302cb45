"""What is wrong with a spec: all of it at once, each problem with its place and its fix."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

SHOWN = 80  # characters of a value in a message


@dataclass(frozen=True)
class Problem:
    """One problem. `file` is `--set` for an override; `value` None is not shown."""

    file: str | None
    line: int | None  # from 1
    field: str  # dotted
    value: object | None
    message: str
    fix: str | None

    def __str__(self) -> str:
        """`FILE:LINE: FIELD: MESSAGE (got VALUE). FIX`, without the parts that are unknown."""
        place = [self.file] if self.file else []
        if self.line is not None:
            place.append(str(self.line))
        got = "" if self.value is None else f" (got {shown(self.value)})"
        fix = f". {self.fix}" if self.fix else ""
        parts = [":".join(place), self.field, f"{self.message}{got}{fix}"]
        return ": ".join(part for part in parts if part)


class SpecError(Exception):
    """A spec that cannot be run. The command line prints every problem and exits with 2."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))


def shown(value: object) -> str:
    """A value on one line as JSON, cut where it is long."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
