"""What to write for one value of the wrong type: the number in `"8"`, the truth in `yes`."""

from sweeps.reading.document import Path
from sweeps.reading.meant_numbers import meant_number

TRUTHS = {
    **dict.fromkeys(("yes", "on", "true", "1", "y", "enabled"), "true"),
    **dict.fromkeys(("no", "off", "false", "0", "n", "disabled", "none"), "false"),
}


def scalar_fix(path: Path, message: str, given: object) -> str | None:
    """The fix for a value that is to be a number, true or false, and is not; else None."""
    if isinstance(given, bool) or not isinstance(given, str | int):
        return None
    if "true or false" in message:
        truth = TRUTHS.get(str(given).lower())
        return f"Write {truth}" if truth else None
    if "number" not in message or not isinstance(given, str):
        return None
    number = meant_number(given, str(path[-1]) if path else "")
    return f"Write {number}" if number is not None else None
