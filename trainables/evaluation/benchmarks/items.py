"""The questions of a benchmark: read, limited, and put into words."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from trainables.clinical.interactions import interaction_items
from trainables.data.benchmark import LoadedBenchmark
from trainables.data.formats.reading import Items, read_items
from trainables.data.instructions.instruction import Instruction
from trainables.data.instructions.registry import INSTRUCTIONS
from trainables.data.items import Item
from trainables.errors import InputError
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.question import Question
from trainables.evaluation.benchmarks.registry import BENCHMARKS
from trainables.evaluation.extraction import LETTERS
from trainables.evaluation.refusal import nonmedical_items, safe_items
from trainables.seeds import derived_seed

WRITTEN: dict[str | None, Callable[[], Sequence[Item]]] = {  # questions that come with medsweep
    "written:safe": safe_items,
    "written:nonmedical": nonmedical_items,
    "written:interactions": interaction_items,
}


def load(config: BenchmarkConfig, data: Path | None = None) -> LoadedBenchmark:
    """Read a benchmark's items: from `config.source`, from its folder under `data`, or from where
    it is published. Raises InputError."""
    found = _read(config, config.split or BENCHMARKS[config.name].split, data)
    worthy = _worthy(found.items, BENCHMARKS[config.name].least_score)
    items = _drawn(worthy, config.limit, config.seed)
    instruction = config.instruction or found.instruction
    if instruction not in INSTRUCTIONS:
        known = f"Write one of {', '.join(INSTRUCTIONS)}."
        raise InputError("evaluation.benchmarks", instruction, "no such instruction", known)
    shots = _shots(config, data, {item.id for item in items})
    return LoadedBenchmark(
        config, items, shots, instruction, found.version, found.citation, found.licence
    )


def questions(loaded: LoadedBenchmark, candidate: int = 0) -> list[Question]:
    """What a candidate is asked for each item, few-shot examples first."""
    instruction, letters = INSTRUCTIONS[loaded.instruction], loaded.config.letters
    before = "".join(_example(shot, instruction) for shot in loaded.shots)
    return [
        Question(
            before + instruction.question(item), _options(item, instruction, letters), candidate
        )
        for item in loaded.items
    ]


def _options(item: Item, instruction: Instruction, letters: bool) -> tuple[str, ...]:
    return tuple(LETTERS[: len(item.options)]) if letters else instruction.options(item)


def _example(item: Item, instruction: Instruction) -> str:
    return f"{instruction.question(item)}\nAnswer: {instruction.answer(item, 'none')}\n\n"


def _read(config: BenchmarkConfig, split: str | None, data: Path | None) -> Items:
    about = BENCHMARKS[config.name]
    source = config.source or about.source
    if source in WRITTEN:
        return Items(list(WRITTEN[source]()), "as in this medsweep", None, "Apache-2.0")
    if data is not None and config.source is None and about.folder:
        source = str(data / about.folder)
        if not Path(source).exists():
            fix = f"Put {config.name} there in its published format, or leave --data out."
            raise InputError("--data", source, "no such folder", fix)
    try:
        return read_items(source, about.format, about.subset, split)
    except InputError as error:
        raise _of_benchmark(error, config, split) from error


def _of_benchmark(error: InputError, config: BenchmarkConfig, split: str | None) -> InputError:
    """The same, told of the benchmark: readers speak of the section `data`, which is not its, and
    their advice to read another split instead would open or repeat the test."""
    if not error.field.startswith("data."):
        return error
    examples = bool(config.few_shot) and split == BENCHMARKS[config.name].shots
    what = "the examples of few_shot" if examples else "its questions"
    fix = error.fix or ""
    if examples or "data." in fix or not fix:
        fix = f"Put that file there, or {'set few_shot to 0' if examples else 'leave it out'}."
    message = f"{config.name}: {what} cannot be read: {error.message}"
    return InputError("evaluation.benchmarks", error.value, message, fix)


def _shots(config: BenchmarkConfig, data: Path | None, asked: set[str]) -> tuple[Item, ...]:
    if not config.few_shot:
        return ()
    split = BENCHMARKS[config.name].shots
    if split is None:
        message = f"{config.name} has no training split to take examples from"
        raise InputError("evaluation.benchmarks", config.few_shot, message, "Set few_shot to 0.")
    others = [item for item in _read(config, split, data).items if item.id not in asked]
    return _drawn(others, config.few_shot, derived_seed("shots", config.seed))


def _worthy(items: Sequence[Item], least: float | None) -> list[Item]:
    """Those whose reference the experts did not judge below `least`."""
    return [i for i in items if least is None or i.score is None or i.score >= least]


def _drawn(items: Sequence[Item], limit: int | None, seed: int) -> tuple[Item, ...]:
    """`limit` items drawn with `seed`, in the data set's order."""
    if limit is None or limit >= len(items):
        return tuple(items)
    chosen = random.Random(seed).sample(range(len(items)), limit)
    return tuple(items[i] for i in sorted(chosen))
