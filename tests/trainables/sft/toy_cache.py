"""A cache folder that the tests of a session share, with nothing but the toy model in it."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def toy_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Point MEDSWEEP_CACHE at a folder of this session."""
    before = os.environ.get("MEDSWEEP_CACHE")
    folder = tmp_path_factory.getbasetemp() / "toy-cache"
    folder.mkdir(exist_ok=True)  # every conftest that names this fixture is set up by itself
    os.environ["MEDSWEEP_CACHE"] = str(folder)
    yield
    if before is None:
        del os.environ["MEDSWEEP_CACHE"]
    else:
        os.environ["MEDSWEEP_CACHE"] = before
