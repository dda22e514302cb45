"""Whole files of other tools that were given as a spec: which tool's, said first."""

from typing import Any

from sweeps.reading.document import SpecFinding

# a tool → keys at the top of its files; two of them are enough
TOOLS: dict[str, tuple[str, ...]] = {
    "Axolotl": (
        *("base_model", "sequence_len", "micro_batch_size", "val_set_size", "sample_packing"),
        *("dataset_prepared_path", "lora_target_linear", "num_epochs", "adapter"),
    ),
    "LLaMA-Factory": (
        *("finetuning_type", "cutoff_len", "lora_target", "do_train", "dataset_dir", "stage"),
        *("template", "lora_rank"),
    ),
    "a W&B sweep": ("program", "method", "parameters", "early_terminate", "run_cap", "metric"),
    "TRL or transformers": (
        *("model_name_or_path", "dataset_name", "use_peft", "output_dir", "report_to"),
        *("dataset_text_field", "bf16", "load_in_4bit", "torch_dtype", "do_eval"),
    ),
    "Accelerate": ("compute_environment", "distributed_type", "mixed_precision", "num_processes"),
    "DeepSpeed": ("zero_optimization", "train_micro_batch_size_per_gpu", "train_batch_size"),
    "torchtune": ("_component_", "tokenizer", "checkpointer", "recipe", "metric_logger"),
    "Ludwig": ("input_features", "output_features", "model_type", "trainer"),
    "Hydra": ("defaults", "hydra"),
    "Kubernetes": ("apiVersion", "metadata"),
    "SkyPilot": ("resources", "setup", "run", "file_mounts"),
    "Ray's cluster launcher": ("cluster_name", "provider", "head_node_type", "max_workers"),
}
OURS = ("trial", "search")


def other_tool(data: dict[str, Any]) -> SpecFinding | None:
    """That a file is another tool's config, or a spec below one key too many; else None.

    >>> print(other_tool({"base_model": "x", "sequence_len": 512}).message)
    is a config of Axolotl, not a spec of medsweep
    """
    if set(OURS) & set(data):
        return None
    for key, below in data.items():
        if isinstance(below, dict) and "trial" in below:
            fix = f"Remove the line `{key}:` and move what is below it to the left"
            return SpecFinding((key,), "is a key too many: a spec stands below it", None, fix)
    if "_component_" in _keys(data):
        return _refused("torchtune")
    counts = {tool: len(set(keys) & _keys(data)) for tool, keys in TOOLS.items()}
    tool = max(counts, key=lambda name: counts[name])
    return _refused(tool) if counts[tool] >= 2 else None


def _refused(tool: str) -> SpecFinding:
    fix = (
        "`medsweep init demo` writes a spec to begin from; below stands where each key of this "
        "file goes"
    )
    return SpecFinding((), f"is a config of {tool}, not a spec of medsweep", None, fix)


def with_tool(tool: SpecFinding | None, found: list[SpecFinding]) -> list[SpecFinding]:
    """What is wrong with a file, begun by what it is; sections that it lacks then go without
    saying."""
    if tool is None:
        return found
    here = [finding for finding in found if not _is_missing(finding, tool)]
    return [tool, *here]


def _is_missing(finding: SpecFinding, tool: SpecFinding) -> bool:
    return finding.message == "is missing" or bool(tool.path and finding.path == tool.path)


def _keys(data: dict[str, Any]) -> set[str]:
    """The keys at the top, and those of sections that name a component (torchtune)."""
    below = [value for value in data.values() if isinstance(value, dict)]
    components = {"_component_"} if any("_component_" in section for section in below) else set()
    return {str(key) for key in data} | components
