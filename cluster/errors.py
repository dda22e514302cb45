"""The error that says why a sweep cannot run where it was asked to, and how to mend it."""


class ClusterError(Exception):
    """A cluster setting that cannot be satisfied, or a cluster that cannot be reached.

    `field` is the spec's dotted path (`cluster.address`), `value` what was found there (None:
    nothing to show), `message` what is wrong and `fix` what to do about it.
    """

    def __init__(
        self, field: str, value: object = None, message: str = "", fix: str | None = None
    ) -> None:
        super().__init__(field, value, message, fix)
        self.field = field
        self.value = value
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        """One line: FIELD: MESSAGE (got VALUE). FIX."""
        got = "" if self.value is None else f" (got {self.value!r})"
        fix = f". {self.fix}" if self.fix else ""
        return f"{self.field}: {self.message}{got}{fix}"
