"""What is wrong with a form that came back, all of it at once."""

from collections.abc import Sequence


class RatingError(ValueError):
    """Forms that cannot be made or read; `problems` are lines for the person who has the file."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)
