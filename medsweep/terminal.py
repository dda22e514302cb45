"""The terminal, which shows what models, data and specs say and never obeys it."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from analysis.visible import visible


class Terminal(Console):
    """A console whose texts carry no escape sequences but its own styles."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(highlight=False, emoji=False, **settings)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """As Console. What is removed has no width: columns stay where they are."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(visible(text), style)


def say(text: str) -> None:
    """Print a line that is not broken, whatever is in it."""
    Terminal(soft_wrap=True, markup=False).print(text)
