"""What a sweep reads, and what identifies its content: a run is its data."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from search_spaces.space import Space
from sweeps.readiness.checks import models, variants
from sweeps.readiness.preparation import Preparation
from sweeps.run_folder.environment import own_version
from sweeps.spec.sections import SweepSpec
from trainables.data.pairs.config import AnyData
from trainables.errors import InputError
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.grpo.config import GRPOConfig
from trainables.kinds import TrialConfig
from trainables.models.config import ModelConfig
from trainables.ppo.config import PPOConfig
from trainables.training.config import SingleTrial

Part = tuple[str, Callable[[], str | None]]  # what is read, and how to identify its content
Asked = tuple[str, str, Callable[[], str | None]]  # the same, with the words that ask for it
SETTINGS = ("config.json", "generation_config.json")
ADAPTER = ("adapter_config.json", "adapter_model.safetensors")


def fingerprints_of(spec: SweepSpec, space: Space, preparation: Preparation) -> dict[str, str]:
    """Everything that trials of a sweep can read → what identifies its content.

    What cannot be had is left out: `checks.make_ready` says why. Models are fetched where need be.
    """
    from trainables.data.fingerprints import READING

    found = {"medsweep": own_version(), "how rows are made": READING}
    for what, identified in _parts(spec, space, preparation):
        with suppress(InputError, OSError, ValueError):
            if (value := identified()) is not None:
                found[what] = _joined(found.get(what), value)
    return found


def _joined(before: str | None, value: str) -> str:
    """Where one name stands for several contents, all of them."""
    return value if before in (None, value) else _digest(f"{before} {value}")


def _parts(spec: SweepSpec, space: Space, preparation: Preparation) -> Iterator[Part]:
    configs = list(variants(spec, space))
    prompts = list(dict.fromkeys(s.data.system_prompt for c in configs for s in c.stage_trials))
    yield "system prompts", lambda: _digest(json.dumps(prompts))
    for model in models(spec, space):
        yield from _of_model(model, prompts, preparation)
    for data in _different(data for config in configs for data in _data_of(config)):
        yield from _of_data(data)
    yield from _once(part for config in configs for part in _of_trial(config))


def _data_of(config: TrialConfig) -> Iterator[AnyData]:
    stages: tuple[SingleTrial, ...] = config.stage_trials
    for stage in stages:
        yield stage.data
        regularizer = stage.training.regularizer
        if regularizer and regularizer.data:
            yield regularizer.data


def _different(sections: Iterable[AnyData]) -> list[AnyData]:
    """One of those that differ only in what is made of a source, which is then read once."""
    from trainables.data.fingerprints import source_words

    found = {source_words(data): data for data in sections}
    return list(found.values())


def _once(parts: Iterable[Asked]) -> Iterator[Part]:
    """Parts that are asked in the same words only once."""
    asked = {(what, words): identified for what, words, identified in parts}
    yield from ((what, identified) for (what, _), identified in asked.items())


def _of_model(model: ModelConfig, prompts: list[str | None], shelf: Preparation) -> Iterator[Part]:
    from trainables.models import fingerprint
    from trainables.models.tokenizer import load_tokenizer, tokenizer_key

    def folder() -> Path:
        return shelf.model_folder(model)

    def chats() -> str:
        tokenizer = load_tokenizer(folder(), model.template_date)
        return _digest(*(fingerprint.rendered_chat(tokenizer, prompt) for prompt in prompts))

    name = f"model {model.name_or_path}"
    yield f"{name}, revision", lambda: fingerprint.commit_of(folder())
    yield f"{name}, configuration", lambda: _files(folder(), SETTINGS)
    yield f"{name}, weights", lambda: fingerprint.weights_fingerprint(folder())
    yield f"{name}, tokenizer", lambda: tokenizer_key(folder(), model.template_date)
    yield f"{name}, a chat as its template writes it", chats


def _of_trial(config: TrialConfig) -> Iterator[Asked]:
    stages: tuple[SingleTrial, ...] = config.stage_trials
    for stage in stages:
        if isinstance(stage, PPOConfig | GRPOConfig) and (judge := stage.reward.model):
            yield _adapter("reward model", judge.adapter_name_or_path, "reward.model")
    for benchmark in config.evaluation.benchmarks:
        words = benchmark.model_dump_json()
        yield f"benchmark {benchmark.name}", words, partial(_benchmark, benchmark)
    if config.lora and (start := config.lora.adapter_name_or_path):
        yield _adapter("adapter", start, "lora.adapter_name_or_path")


def _of_data(data: AnyData) -> Iterator[Part]:
    from trainables.data.fingerprints import source_fingerprints

    with suppress(InputError):
        for source, found in source_fingerprints(data):
            yield f"data {source}", partial(str, found)


def _adapter(kind: str, name: str, field: str) -> Asked:
    from trainables.models.starting import adapter_folder

    return f"{kind} {name}", name, lambda: _files(adapter_folder(name, field), ADAPTER)


def _benchmark(config: BenchmarkConfig) -> str:
    from trainables.evaluation.benchmarks.items import load

    return load(config).fingerprint


def _files(folder: Path, names: Iterable[str]) -> str:
    """Of those that are there."""
    from trainables.cache import file_sha256

    there = [folder / name for name in names if (folder / name).is_file()]
    return _digest(*(f"{file.name}:{file_sha256(file)}" for file in there))


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
