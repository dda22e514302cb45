"""What a sweep would do: told from the spec, the cache and file headers, without torch."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from cluster.devices import cpu_count, device_name
from cluster.placement import place
from cluster.targets import described, devices_at_hand
from search_spaces.space import Space, build_space
from sweeps.control.proposer import Proposer, whole_baseline
from sweeps.planning.seen_rows import SeenRow, seen_rows
from sweeps.planning.stage_counts import StageCount, stage_counts
from sweeps.planning.step_warnings import step_warnings
from sweeps.readiness.checks import (
    adapters,
    models,
    target_problems,
    trained_parameters,
    unpackable,
)
from sweeps.readiness.data_warnings import data_warnings
from sweeps.readiness.model_folders import folder_problems, loading_problems, remarks
from sweeps.readiness.pack_sizes import (
    best_size,
    describe,
    first_report,
    heaviest,
    largest_pack,
    remembered,
    trial_tokens,
)
from sweeps.readiness.predicted_memory import peak_bytes
from sweeps.readiness.preparation import Preparation
from sweeps.samplers.constraints import unheard
from sweeps.spec.errors import SpecError
from sweeps.spec.held import held_fixed
from sweeps.spec.repeats import repeats_of
from sweeps.spec.sections import SweepSpec
from trainables.models.config import LoraConfig
from trainables.on_progress import OnProgress
from trainables.staged.config import StagedConfig

SAMPLES = 5


@dataclass
class ModelFacts:
    """What a model's safetensors header says; `parameters` is None where it is not at hand yet."""

    name: str
    parameters: int | None = None
    trainable: list[tuple[LoraConfig | None, int]] = field(default_factory=list)  # and how many
    remarks: tuple[str, ...] = ()  # what its folder brings along


@dataclass
class Plan:
    """A sweep that has not been started."""

    spec: SweepSpec
    space: Space
    samples: list[dict[str, Any]]
    models: list[ModelFacts]
    data: dict[str, Any] | None  # the data report, or one a stage; None: not prepared yet
    where: str
    stages: tuple[StageCount, ...] = ()  # of trials in stages: each but the last
    warnings: tuple[str, ...] = ()  # rows lost or cut, what does not fit the trials' steps
    rows: tuple[SeenRow, ...] = ()  # the first of each stage; only where data was prepared
    held: tuple[str, ...] = ()  # what measuring holds fixed while the search varies it


def make_plan(spec: SweepSpec, prepare: bool, progress: OnProgress) -> Plan:
    """The plan; with `prepare`, models and data are fetched first. Raises SpecError, InputError.

    >>> from sweeps.reading.loading import load_spec
    >>> plan = make_plan(load_spec("toy").spec, prepare=False, progress=print)
    >>> plan.stages, len(plan.samples) > 0
    ((), True)
    """
    space = build_space(spec.search.parameters)
    if prepare:
        preparation = Preparation(progress, lambda key, report: None, tells=False)
        _refuse_unloadable(spec, space, preparation)
        data: dict[str, Any] | None = preparation.data(spec.trial).report
        rows = tuple(seen_rows(spec, preparation))
    else:
        data, rows = _data(spec), ()
    where = _where(spec, space, data)
    counts = stage_counts(spec, space)
    steps = step_warnings(spec, space, data)
    unused = tuple(filter(None, [unheard(spec.search)]))
    return Plan(
        spec,
        space,
        _samples(spec, space),
        _models(spec, space),
        data,
        where,
        counts,
        (*data_warnings(data or {}), *steps, *unused),
        rows,
        tuple(held_fixed(spec)),
    )


def _refuse_unloadable(spec: SweepSpec, space: Space, preparation: Preparation) -> None:
    """SpecError with all that keeps models from being loaded. Raises InputError as well."""
    folders = [(model, preparation.model_folder(model)) for model in models(spec, space)]
    if problems := [p for own in folders for p in loading_problems(spec, space, *own)]:
        raise SpecError(problems)


def _samples(spec: SweepSpec, space: Space) -> list[dict[str, Any]]:
    """The first configurations after the baselines, of repeats without their seeds. Later ones
    depend on results."""
    space = space.without([path for repeat in repeats_of(spec.search) for path in repeat])
    proposer, baselines = Proposer(spec.search, space), len(spec.search.baselines)
    for number, named in enumerate(spec.search.baselines.values(), 1):
        proposer.adopt(number, whole_baseline(spec.trial, space, named))
    wanted = max(0, min(SAMPLES, spec.search.num_trials - baselines))
    numbers = range(baselines + 1, baselines + wanted + 1)
    drawn = (proposer.propose(number, baselines) for number in numbers)
    return list(itertools.takewhile(lambda values: values is not None, drawn))  # type: ignore[arg-type]


def _models(spec: SweepSpec, space: Space) -> list[ModelFacts]:
    from math import prod

    from trainables.models.header import tensor_shapes
    from trainables.models.resolve import cached_folder

    facts = []
    for model in models(spec, space):
        folder = cached_folder(model)
        if folder is None:
            facts.append(ModelFacts(model.name_or_path))
            continue
        shapes = tensor_shapes(folder)
        problems = [
            *folder_problems(spec, space, model, folder),
            *target_problems(spec, space, shapes),
        ]
        if problems:
            raise SpecError(problems)
        counts = [(lora, trained_parameters(lora, shapes)) for lora in adapters(spec, space)]
        counts.sort(key=lambda pair: pair[1])
        notes = tuple(remarks(spec, space, model, folder))
        facts.append(ModelFacts(model.name_or_path, sum(map(prod, shapes.values())), counts, notes))
    return facts


def _data(spec: SweepSpec) -> dict[str, Any] | None:
    from trainables.data.prepare import cached_report
    from trainables.models.resolve import cached_folder
    from trainables.models.tokenizer import tokenizer_key

    folder = cached_folder(spec.trial.model)
    key = tokenizer_key(folder, spec.trial.model.template_date) if folder else None
    reports = [
        cached_report(t.data, key, t.training.max_length, t.evaluation.max_length)
        for t in spec.trial.stage_trials
    ]
    if not isinstance(spec.trial, StagedConfig):
        return reports[0]
    named = {s.name: r for s, r in zip(spec.trial.stages, reports, strict=True) if r is not None}
    return {"stages": named} if len(named) == len(reports) else None


def _where(spec: SweepSpec, space: Space, data: dict[str, Any] | None) -> str:
    target, devices = described(spec.cluster), devices_at_hand(spec.cluster)
    if devices is None:
        return target
    size, note = _packs(spec, space, bool(devices), data)
    reason = unpackable(spec, space)
    placement = place(spec.cluster, cpu_count(), len(devices), unpackable=reason, measured=size)
    names = ", ".join(d.name for d in devices) or "CPU only"
    return f"{target} ({names}): {placement.description}{note}"


def _packs(
    spec: SweepSpec, space: Space, gpu: bool, data: dict[str, Any] | None
) -> tuple[int, str]:
    """The size of packs by what was once measured on this device, and a note on it."""
    if not largest_pack(spec, space, gpu):
        return 0, ""
    trial = heaviest(spec, space)
    speeds = remembered(trial, device_name())
    if speeds is None or data is None:
        return 0, "; `run` first measures how many train best together"
    report = first_report(data)
    size = best_size(speeds, trial_tokens(trial, report))
    note = describe(speeds)
    if need := size and peak_bytes(trial, report, size):
        note += f"; about {need / 1e9:.1f} GB with {size}"
    return size, f" ({note})"
