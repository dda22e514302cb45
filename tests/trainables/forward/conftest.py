"""What the tests of this folder share."""

import pytest

from tests.trainables.packing.packs import double_base
from tests.trainables.sft.toy_cache import toy_cache
from trainables.models.load import Base

__all__ = ["toy_cache"]


@pytest.fixture(scope="module")
def double() -> Base:
    """The toy Llama in float64."""
    return double_base()
