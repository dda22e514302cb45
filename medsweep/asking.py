"""A yes that a sweep asks for before it trains."""

import sys
from collections.abc import Callable, Sequence

from medsweep.view import SweepView


def asking(view: SweepView, yes: bool) -> Callable[[Sequence[str]], bool]:
    """Tells the reasons and asks whether to go on; `yes` answers before. Where nobody sits at a
    terminal the answer is no."""

    def agree(reasons: Sequence[str]) -> bool:
        if not yes and not (view.console.is_terminal and sys.stdin.isatty()):
            return False
        for reason in reasons:
            view.say(f"Careful: {reason}")
        return yes or _answered(view)

    return agree


def _answered(view: SweepView) -> bool:
    try:
        answer = view.console.input("Train on that? [y/N] ", markup=False)
    except EOFError:
        return False
    return answer.strip().casefold() in ("y", "yes")
