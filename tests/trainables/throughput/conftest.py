"""What the tests of this folder share."""

from tests.trainables.sft.toy_cache import toy_cache

__all__ = ["toy_cache"]
