"""What models, data and people write, without the characters that steer a terminal."""

import re

# C0 but for tab and newline, DEL, C1 (0x9b opens an escape sequence too), and what turns the
# direction of text around, so that a line reads as something else than it says
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """The text without characters that act instead of being shown.

    >>> visible("\\x1b[31mred\\x1b]0;title\\x07")
    '[31mred]0;title'
    """
    return STEERING.sub("", text)
