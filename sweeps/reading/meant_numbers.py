"""The number that somebody meant who wrote it as text: `1,000`, `80%`, `20GB`, `1/1000`, `1e–3`.

Only ever named in a fix: nothing is read so, since `1,5` and `1,500` mean other things to others.
"""

import math
import re

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
GROUPED = re.compile(r"[1-9]\d{0,2}(?:[,_' \u00a0]\d{3})+")
COMMA = re.compile(r"(\d+),(\d+)")
FEW = re.compile(rf"({NUMBER})\s*([kKM])")
POWER = re.compile(r"(?:([\d.]+)\s*[*x\u00d7\u00b7]\s*)?10\s*(?:\^|\*\*)\s*(-?\d+)")
PRODUCT = re.compile(rf"({NUMBER})\s*([*/])\s*({NUMBER})")
UNIT = re.compile(rf"({NUMBER})\s*([A-Za-z]+)")
SIZES = {"k": 1e3, "K": 1e3, "M": 1e6}

# what a unit is in that of the field, which its name ends with
UNITS: dict[str, dict[str, float]] = {
    "_gb": {"b": 1e-9, "kb": 1e-6, "mb": 1e-3, "mib": 1e-3, "m": 1e-3}
    | dict.fromkeys(("g", "gb", "gib"), 1)
    | dict.fromkeys(("t", "tb", "tib"), 1000),
    "_minutes": dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1 / 60)
    | dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 1)
    | dict.fromkeys(("h", "hr", "hour", "hours"), 60)
    | dict.fromkeys(("d", "day", "days"), 1440),
    "_hours": dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 1 / 60)
    | dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 1)
    | dict.fromkeys(("d", "day", "days"), 24),
}


def meant_number(text: str, field: str = "") -> str | None:
    """The number that `text` stands for, as YAML writes it, or None. The unit is that of `field`.

    >>> meant_number("80%"), meant_number("10^-3"), meant_number("2h", "hang_minutes")
    ('0.8', '1e-3', '120')
    """
    text = text.strip().strip("\"'\u201c\u201d\u2018\u2019").translate(DASHES)
    if re.fullmatch(NUMBER, text):
        return text
    if GROUPED.fullmatch(text):
        return re.sub(r"\D", "", text)
    if decimal := COMMA.fullmatch(text):
        return f"{decimal[1]}.{decimal[2]}"
    if text.endswith("%") and re.fullmatch(NUMBER, text[:-1].strip()):
        return _written(float(text[:-1]) / 100)
    if power := POWER.fullmatch(text):
        return f"{power[1] or 1}e{power[2]}"
    return _calculated(text) or _with_unit(text, field)


def _calculated(text: str) -> str | None:
    found = PRODUCT.fullmatch(text)
    if found is None or (found[2] == "/" and float(found[3]) == 0):
        return None
    left, right = float(found[1]), float(found[3])
    return _written(left * right if found[2] == "*" else left / right)


def _with_unit(text: str, field: str) -> str | None:
    """The number before a unit: that of the field, or one that counts what the field counts."""
    found = UNIT.fullmatch(text)
    if found is None:
        return None
    known = next((units for end, units in UNITS.items() if field.endswith(end)), None)
    if known is not None:
        factor = known.get(found[2].lower())
        return None if factor is None else _written(float(found[1]) * factor)
    if (few := FEW.fullmatch(text)) is not None:
        return _written(float(few[1]) * SIZES[few[2]])
    # a single letter could be anything (2d, 3h); a word names what is counted: 160 tokens
    return found[1] if len(found[2]) > 2 else None


def _written(number: float) -> str | None:
    if not math.isfinite(number):
        return None
    return str(int(number)) if number == int(number) else f"{number:.6g}"
