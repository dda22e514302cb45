"""Names of runs: what may be a folder's name on every machine."""

import re
from typing import Any

from sweeps.reading.document import SpecFinding

LONGEST = 64
HOW = "Use letters, digits, dots, dashes and underscores, at most 64, e.g. llama-flashcards-2"


def check_name(name: str) -> str | None:
    """Why this cannot be a run's name, or None."""
    if not name:
        return "must not be empty"
    if any(not char.isprintable() for char in name):
        return "must not hold control characters"
    if "/" in name or "\\" in name:
        return "must not hold a slash: it is one folder's name, not a path"
    if ".." in name:
        return "must not hold `..`"
    if len(name) > LONGEST:
        return f"has {len(name)} characters, more than {LONGEST}"
    if not re.match(r"[A-Za-z0-9]", name):
        return "must begin with a letter or a digit"
    bad = sorted(set(re.sub(r"[A-Za-z0-9._-]", "", name)))
    return f"must not hold {' '.join(bad)!r}" if bad else None


def name_findings(data: dict[str, Any]) -> list[SpecFinding]:
    """What is wrong with the spec's `name`, if it is text."""
    name = data.get("name")
    problem = check_name(name) if isinstance(name, str) else None
    return [SpecFinding(("name",), problem, name, HOW)] if problem else []
