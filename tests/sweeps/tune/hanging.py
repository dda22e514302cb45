"""Trials that hang in the workers: Python runs `sitecustomize` in each process when it starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cluster.config import ClusterConfig
from cluster.session import Session
from cluster.targets import connect
from tests.sweeps.tune.test_driver import PACKAGES

RATE = 0.0123  # the learning rate of trials that hang
STEP = 6

SITE = f"""
import importlib.abc, importlib.util, sys, time

def hang(module):
    real = module.TrialProgress.step_done
    def step_done(self, **values):
        real(self, **values)
        if self.config.training.learning_rate == {RATE} and self.step == {STEP}:
            time.sleep(10**6)
    module.TrialProgress.step_done = step_done

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "trainables.training.progress":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module
        def exec_module(module):
            run(module)
            hang(module)
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""


@contextmanager
def session_with_hanging_trials(folder: Path) -> Iterator[Session]:
    """A Ray of our own, in whose workers trials with `RATE` stand still at `STEP`."""
    (folder / "site").mkdir()
    (folder / "site/sitecustomize.py").write_text(SITE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDSWEEP_CACHE", str(folder / "cache"))
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("PYTHONPATH", str(folder / "site"))
        running = connect(ClusterConfig(), PACKAGES)
        yield running
        running.close()
