"""Cells of a CSV as a spreadsheet shows them: text that it would compute stays text."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def harmless(cell: object) -> object:
    """Text that a spreadsheet would take for a formula, as text; all else as it is.

    >>> harmless("=1+1"), harmless("EXP-001"), harmless(-0.5)
    ("'=1+1", 'EXP-001', -0.5)
    """
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA) else cell
