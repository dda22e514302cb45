"""How work that takes a while tells the person who waits."""

from collections.abc import Callable

OnProgress = Callable[[str], None]  # called with a line of text


def silent(_: str) -> None:
    """Shows nothing."""
