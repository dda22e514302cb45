"""What ends a whole sweep, not one of its trials."""


class SweepError(Exception):
    """The sweep itself cannot go on; nothing in the ledger is lost."""
