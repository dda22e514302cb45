"""What a confirmation could have seen, and what it would take to see a smaller difference."""

from collections.abc import Iterator

from analysis.statistics.crossed import Difference
from analysis.statistics.detectable import more_rows, more_seeds, smallest_detectable
from analysis.verdict.verdict import Verdict
from analysis.verdict.versus import nearest, same, size_of
from analysis.wording import plural


def powered(told: Verdict) -> Iterator[str]:
    """The smallest difference that this design sees, and what would settle the leader's lead."""
    near = nearest(told)
    if near is None:
        return
    name, found = near
    least = smallest_detectable(found)
    if least is None or same(told, least):
        return
    text = f"A true difference of {size_of(told, least)} would be seen with 80% power by this many"
    if found.missing == "seeds":  # of one: what another seed would change is not known
        yield f"{text} rows, did seeds change nothing; one seed does not tell how many it takes."
    elif name in told.alike:
        yield f"{text} seeds and rows; {_settle(told, name, found)}."
    else:
        yield f"{text} seeds and rows."


def _settle(told: Verdict, near: str, found: Difference) -> str:
    """How many more seeds or rows would tell the leader from the next, were they as far apart as
    they seem by all runs."""
    believed = told.believed(near)
    lead = abs(believed[0]) if believed else None
    counts = {"seed": more_seeds(found, lead), "row": more_rows(found, lead)}
    name = told.name(near)
    if 0 in counts.values():
        return f"a lead over {name} as large as this one would then be told in most cases"
    ways = [plural(count, f"more {unit}") for unit, count in counts.items() if count]
    if not ways:
        return (
            f"no number of seeds alone, nor of rows alone, would tell {name} from it at this lead"
        )
    return f"to tell {name} from it at this lead takes {' or '.join(ways)}"
