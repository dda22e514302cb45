"""What becomes of a trial that raised."""

import pytest

from sweeps.failures.raised import failure
from trainables.context import MetricError, Report
from trainables.errors import InputError
from trainables.saved import Diverged, TrialFailed


class OutOfMemoryError(RuntimeError):
    """As torch names its own."""


@pytest.mark.parametrize(
    ("error", "message", "poisoned"),
    [
        (TrialFailed("nan"), "nan", False),
        (MetricError("val_loss is nan"), "val_loss is nan", False),
        (InputError("lora.r", 0, "is too small"), "lora.r: is too small (got 0)", False),
        (ValueError("shape"), "ValueError: shape", False),
        (OutOfMemoryError("CUDA out of memory"), "OutOfMemoryError: CUDA out of memory", False),
        (RuntimeError("CUDA error: assert"), "RuntimeError: CUDA error: assert", True),
        (SystemExit(3), "SystemExit: 3", False),
    ],
)
def test_what_failures_say(error: BaseException, message: str, poisoned: bool) -> None:
    found = failure(error)
    assert (found.message, found.poisoned) == (message, poisoned)
    assert type(error).__name__ in found.traceback


class OtherOutOfMemory(OutOfMemoryError):
    """A library's own kind of it."""


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (OutOfMemoryError("CUDA out of memory"), "infeasible"),
        (OtherOutOfMemory("of the device"), "infeasible"),
        (MemoryError(), "infeasible"),
        (RuntimeError("CUDA error: out of memory"), "infeasible"),
        (RuntimeError("CUDA error: an illegal memory access"), "failed"),
        (TrialFailed("out of patience"), "failed"),
        (ValueError("shape"), "failed"),
    ],
)
def test_what_does_not_fit_is_infeasible(error: BaseException, state: str) -> None:
    assert failure(error).state == state


def test_torch_s_and_ray_s_errors_are_known() -> None:
    import torch
    from ray.exceptions import OutOfMemoryError as RayOutOfMemory

    assert failure(torch.OutOfMemoryError("x")).state == "infeasible"
    assert failure(RayOutOfMemory("x")).state == "infeasible"


@pytest.mark.parametrize(
    ("error", "diverged"),
    [
        (Diverged("the training loss is nan"), True),
        (TrialFailed("out of patience"), False),
        (MetricError("unknown metric"), False),
        (ValueError("of a reward"), False),
        (OSError(28, "No space left on device"), False),
    ],
)
def test_what_is_of_the_configuration_s_making(error: BaseException, diverged: bool) -> None:
    assert failure(error).diverged is diverged


def test_a_metric_that_is_no_finite_number_diverged() -> None:
    with pytest.raises(MetricError) as caught:
        Report(1, 2, {"val_loss": float("nan")}, 1.0)
    assert failure(caught.value).diverged
