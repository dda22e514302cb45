"""Benchmarks of any model, outside any sweep: what `medsweep evaluate` does."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from trainables.cache import file_sha256, replacing
from trainables.data.benchmark import LoadedBenchmark
from trainables.errors import InputError
from trainables.evaluation.benchmarks.answerer import Answerer, Candidate, LocalModel
from trainables.evaluation.benchmarks.by_item import item_table
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.items import load
from trainables.evaluation.benchmarks.measures import GENERATED, MEASURES
from trainables.evaluation.benchmarks.measuring import BenchmarkOutcome, measure
from trainables.evaluation.benchmarks.registry import BENCHMARKS
from trainables.evaluation.benchmarks.results import document, lines
from trainables.evaluation.benchmarks.store import FileStore
from trainables.evaluation.row_results import parquet_of
from trainables.models.config import ModelConfig
from trainables.models.fingerprint import folder_fingerprint
from trainables.on_progress import OnProgress

OnAnswers = Callable[[str, int, int], None]  # benchmark, answers there are, answers there will be


class Request(NamedTuple):
    """What to evaluate, on what; `endpoint` in place of `model` for generation alone."""

    benchmarks: Sequence[BenchmarkConfig]
    output: Path
    model: ModelConfig | None = None
    adapter: Path | None = None
    endpoint: str | None = None
    endpoint_model: str = ""
    data: Path | None = None
    system_prompt: str | None = None
    max_batch_tokens: int = 4096


def evaluate(request: Request, say: OnProgress, progress: OnAnswers) -> dict[str, Any]:
    """Measure all benchmarks and write the results; returns what was written.

    Answers are kept beside the output until then, so that the same request goes on where it was
    killed. Raises InputError.

    Example, what `medsweep evaluate` does::

        model = ModelConfig(name_or_path="HuggingFaceTB/SmolLM2-135M-Instruct")
        pubmedqa = BenchmarkConfig(name="pubmedqa", measures=("accuracy",), limit=100)
        request = Request([pubmedqa], output=Path("results.json"), model=model)
        found = evaluate(request, print, lambda name, done, of: None)
        found["pubmedqa"]["accuracy"]["value"]
    """
    loaded = [load(config, request.data) for config in request.benchmarks]
    for each in loaded:
        say(f"{each.config.name}: {len(each.items):,} questions ({each.version})")
    with _answerer(request, say) as (answerer, about):
        outcomes = _outcomes(
            answerer, loaded, _scope(request, about), request.output, say, progress
        )
    found = document(outcomes, about, _settings(request))
    _write(request.output, found, outcomes)
    _partial(request.output).unlink(missing_ok=True)
    return found


def wanted(
    name: str, measures: Sequence[str], samples: int, only_generation: bool
) -> tuple[str, ...]:
    """The measures of a benchmark for a request: those named that it offers, else its usual ones,
    with an endpoint or several samples those of generated answers."""
    about = BENCHMARKS[name]
    if measures:
        return tuple(m for m in about.measures if m in measures)
    needs = {m: MEASURES[m].needs for m in about.measures}
    generated = tuple(m for m in about.measures if m in GENERATED)
    sampled = tuple(m for m in about.measures if needs[m] == "samples" and samples > 1)
    closed = any(need == "likelihood" for need in needs.values())
    if not closed:
        return about.default
    if only_generation:
        return (*generated, *sampled)
    return (*about.default, *(generated if samples > 1 else ()), *sampled)


def _outcomes(
    answerer: Answerer,
    loaded: Sequence[LoadedBenchmark],
    scope: str,
    output: Path,
    say: OnProgress,
    progress: OnAnswers,
) -> list[BenchmarkOutcome]:
    store = FileStore(_partial(output), scope)
    if store:
        say(f"going on: {len(store):,} answers are in {store.path}")
    try:
        return [
            measure(answerer, each, store, partial(progress, each.config.name)) for each in loaded
        ]
    finally:
        store.close()


Answering = tuple[Answerer, dict[str, Any]]  # who answers, and what the results file says of it


@contextmanager
def _answerer(request: Request, say: OnProgress) -> Iterator[Answering]:
    if request.endpoint is not None:
        from trainables.evaluation.endpoint import Endpoint

        about = {"endpoint": request.endpoint, "name": request.endpoint_model}
        yield Endpoint(request.endpoint, request.endpoint_model, request.system_prompt), about
    elif request.model is not None:
        with _local(request, request.model, say) as found:
            yield found
    else:
        fix = "Give a model, or --endpoint URL --model NAME."
        raise InputError("MODEL", None, "nothing to evaluate", fix)


@contextmanager
def _local(request: Request, config: ModelConfig, say: OnProgress) -> Iterator[Answering]:
    from trainables.models.adapters import worn
    from trainables.models.load import device_now, load_base

    device = device_now()
    base = load_base(config, device)
    dtype = str(base.dtype).removeprefix("torch.")
    say(f"model: {config.name_or_path} ({dtype}, {device})")
    about: dict[str, Any] = {**config.model_dump(), "dtype": dtype, "device": device}
    about["fingerprint"] = folder_fingerprint(base.folder)
    with nullcontext(base.model) if not request.adapter else worn(base, request.adapter) as model:
        if request.adapter:
            sha256 = file_sha256(request.adapter / "adapter_model.safetensors")
            about["adapter"] = {"folder": str(request.adapter), "sha256": sha256}
        asked = [Candidate(request.system_prompt)]
        yield LocalModel(model, base.tokenizer, asked, request.max_batch_tokens), about


def _scope(request: Request, about: dict[str, Any]) -> str:
    """What every answer depends on besides its question. Paths may change, contents not."""
    content = {**about, "adapter": about.get("adapter", {}).get("sha256")}
    content.pop("name_or_path", None)
    text = json.dumps([content, request.system_prompt], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _settings(request: Request) -> dict[str, Any]:
    return {
        "benchmarks": [config.model_dump(mode="json") for config in request.benchmarks],
        "data": None if request.data is None else str(request.data),
        "system_prompt": request.system_prompt,
        "max_batch_tokens": request.max_batch_tokens,
    }


def _write(output: Path, found: dict[str, Any], outcomes: Sequence[BenchmarkOutcome]) -> None:
    rows = [json.dumps(line, ensure_ascii=False) for o in outcomes for line in lines(o)]
    with replacing(_beside(output, ".predictions.jsonl")) as part:
        part.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    with replacing(_beside(output, ".rows.parquet")) as part:
        part.write_bytes(parquet_of([item_table(outcome) for outcome in outcomes]))
    with replacing(output) as part:
        part.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _partial(output: Path) -> Path:
    return _beside(output, ".partial.jsonl")


def _beside(output: Path, ending: str) -> Path:
    return output.with_name(output.stem + ending)
