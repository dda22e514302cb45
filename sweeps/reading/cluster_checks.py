"""What the section `cluster` may say and no machine could honour."""

from typing import Any

from sweeps.reading.document import SpecFinding, section

FIX = (
    "Write 1, a fraction to share a GPU, or auto; more GPUs run more trials at a time, and "
    "quantization or gradient_checkpointing fit a larger model on one"
)


def cluster_findings(data: dict[str, Any]) -> list[SpecFinding]:
    """More than one GPU a trial: a trial would hold them all and compute on one."""
    asked = section(data, "cluster").get("gpus_per_trial")
    if not isinstance(asked, int | float) or asked <= 1:
        return []
    what = "is not available yet above 1: a trial trains on one device, the others would lie idle"
    return [SpecFinding(("cluster", "gpus_per_trial"), what, asked, FIX)]
