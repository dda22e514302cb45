"""What is wrong with a search space, said so that `sweeps` can point at the line of the spec."""


class SpaceError(Exception):
    """One problem: where (`field`, dotted), the `value` found there, what is wrong, and the fix."""

    def __init__(
        self, field: str, message: str, *, value: object | None = None, fix: str | None = None
    ) -> None:
        super().__init__(f"{field}: {message}" + (f". {fix}" if fix else ""))
        self.field = field
        self.value = value
        self.message = message
        self.fix = fix
