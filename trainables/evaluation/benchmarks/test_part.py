"""The test parts of benchmarks: those that trials are asked on another split of.

`evaluation.benchmarks` with `split: validation` keeps a benchmark's published test sealed until the
search is over. Without a split trials are asked what results are published on, mostly the test
itself: nothing of such a benchmark is left to open.
"""

from collections.abc import Sequence
from pathlib import Path

from trainables.data.formats.files import split_files
from trainables.data.formats.format import Format
from trainables.data.formats.reading import local
from trainables.data.formats.registry import FORMATS
from trainables.errors import InputError
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.registry import BENCHMARKS

TEST = "test"
WHOLE = "all"  # of a format in one file: its test part is among it


def left_sealed(asked: Sequence[BenchmarkConfig]) -> tuple[BenchmarkConfig, ...]:
    """What is asked of the test parts that these, as trials are asked them, leave sealed."""
    return tuple(c.model_copy(update={"split": TEST}) for c in asked if _sealed(c))


def asked_on_test(asked: Sequence[BenchmarkConfig]) -> tuple[str, ...]:
    """Those whose test part every trial is asked on."""
    return tuple(
        c.name
        for c in asked
        if (found := _format(c)) and TEST in found.splits and _split(c, found) in (TEST, WHOLE)
    )


def _format(config: BenchmarkConfig) -> Format | None:
    name = BENCHMARKS[config.name].format
    return None if name is None else FORMATS[name]


def _split(config: BenchmarkConfig, format: Format) -> str:
    return config.split or BENCHMARKS[config.name].split or format.evaluation


def _sealed(config: BenchmarkConfig) -> bool:
    found = _format(config)
    if found is None or TEST not in found.splits or TEST in found.unlabelled:
        return False
    return _split(config, found) not in (TEST, WHOLE) and _there(config, found)


def _there(config: BenchmarkConfig, format: Format) -> bool:
    """Whether its source has one: a file that was named is the split that was asked for, unless
    all splits are in one file; of a folder the files' names tell."""
    source = config.source or BENCHMARKS[config.name].source
    place = None if source is None else local(source)
    if place is None or format.one_split or not place.exists():
        return True
    return place.is_dir() and _has_files(place, format)


def _has_files(folder: Path, format: Format) -> bool:
    try:
        return bool(split_files(folder, format, TEST))
    except InputError:
        return False
