"""Seeds derived from others, the same on every machine."""

import hashlib


def derive(*parts: int | str) -> int:
    """A 31-bit seed from the parts."""
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
