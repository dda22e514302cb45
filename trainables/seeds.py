"""Seeds derived from others: the same on every machine and Python."""

import hashlib


def derived_seed(*parts: int | str) -> int:
    """A 63-bit seed from the parts."""
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
