"""What a person asked for on the command line, checked."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from trainables.errors import InputError
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.evaluate import wanted
from trainables.evaluation.benchmarks.measures import MEASURES
from trainables.evaluation.benchmarks.registry import BENCHMARKS
from trainables.models.config import ModelConfig


def configs(
    benchmarks: str, measures: str, only_generation: bool, shared: Mapping[str, Any]
) -> list[BenchmarkConfig]:
    """An entry a benchmark, with the settings they share; raises InputError."""
    names = _list("--benchmarks", benchmarks, tuple(BENCHMARKS))
    if not names:
        known = f"Write some of {','.join(BENCHMARKS)}."
        raise InputError("--benchmarks", None, "names no benchmark", known)
    asked = _list("--measures", measures, tuple(MEASURES))
    return [_config(name, asked, only_generation, shared) for name in names]


def _config(
    name: str, asked: Sequence[str], only_generation: bool, shared: Mapping[str, Any]
) -> BenchmarkConfig:
    found = wanted(name, asked, int(shared["samples"]), only_generation)
    if not found:
        offered = ", ".join(BENCHMARKS[name].measures)
        raise InputError(
            "--measures", ",".join(asked), f"{name} has none of them", f"It has {offered}."
        )
    return BenchmarkConfig(name=name, measures=found, **shared)


def _list(option: str, text: str, known: Sequence[str]) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise InputError(option, name, "is not known", f"Known: {', '.join(known)}.")
    return list(dict.fromkeys(names))


def model_config(
    name: str | None, revision: str | None, quantization: str, dtype: str
) -> ModelConfig:
    """The model section; raises InputError."""
    if not name:
        fix = "Give a hub name, a folder or toy:llama; or --endpoint URL --model NAME."
        raise InputError("MODEL", None, "is missing", fix)
    fields = {"revision": revision, "quantization": quantization, "dtype": dtype}
    try:
        return ModelConfig.model_validate({"name_or_path": name, **fields})
    except ValidationError as error:
        wrong = error.errors()[0]
        raise InputError(f"--{wrong['loc'][0]}", wrong["input"], wrong["msg"]) from error


def named_endpoint(endpoint: str | None, name: str | None) -> str:
    """The endpoint's model; raises InputError where it is not named."""
    if endpoint is not None and not name:
        raise InputError("--model", None, "is missing", "Name the endpoint's model.")
    return name or ""
