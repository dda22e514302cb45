"""The error that tells a person what is wrong with what they gave us, and how to mend it."""


class InputError(Exception):
    """A spec field, a file or a data set that a trial cannot use.

    `field` is the dotted path of the spec's field, `value` what was found there (None: nothing to
    show), `message` what is wrong and `fix` what to do about it. Survives pickling, so that it can
    cross a process boundary.
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
