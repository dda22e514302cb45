"""Local files that a spec names: they must be there before anything starts."""

from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

from search_spaces.nearest import nearest
from sweeps.reading.document import Document, Path, SpecFinding
from sweeps.reading.parts import Parts

DATA_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
FIELDS = ("data.source", "model.name_or_path")


def file_findings(parts: Parts, document: Document) -> list[SpecFinding]:
    """Local files and folders that do not exist, wherever the spec names them."""
    found = (_missing(place, value, document) for place, value in _named(parts))
    return [finding for finding in found if finding is not None]


def _named(parts: Parts) -> Iterator[tuple[Path, Any]]:
    listed = parts.trial.get("stages")
    stages = range(len(listed) if isinstance(listed, list) else 0)
    for above in [(), *(("stages", number) for number in stages)]:
        yield from _of_data(parts, above)
    for number, benchmark in enumerate(parts.own.get("evaluation.benchmarks") or ()):
        yield ("trial", "evaluation", "benchmarks", number, "source"), benchmark.source
    yield ("trial", "model", "name_or_path"), parts.own.get("model.name_or_path")
    for field in (*FIELDS, *(f"stages.{number}.data.source" for number in stages)):
        parameter = parts.parameters.get(field)
        if parameter is not None:
            place: Path = ("search", "parameters", field)
            yield (*place, "value"), parameter.value
            yield from (((*place, "values", i), v) for i, v in enumerate(parameter.values or ()))
        for baseline, given in parts.baselines.items():
            yield ("search", "baselines", baseline, field), given.get(field)


def _of_data(parts: Parts, above: Path) -> Iterator[tuple[Path, Any]]:
    """The sources of a data section, at the top of the trial or in a stage."""
    field = ".".join(map(str, (*above, "data")))
    yield ("trial", *above, "data", "source"), parts.own.get(f"{field}.source")
    for which in ("validation", "test"):
        named = parts.own.get(f"{field}.{which}")
        yield from ((("trial", *above, "data", which, *at), name) for at, name in _own_rows(named))
    for several in ("mixture", "unseen"):
        for number, component in enumerate(parts.own.get(f"{field}.{several}") or ()):
            place: Path = ("trial", *above, "data", several, number)
            yield (*place, "source"), component.source
            for which in ("validation", "test"):
                named = getattr(component, which, None)
                yield from (((*place, which, *at), name) for at, name in _own_rows(named))


def _own_rows(named: Any) -> Iterator[tuple[Path, Any]]:
    """Each file that `data.validation` or `data.test` names, and its place below it."""
    if isinstance(named, str):
        yield (), named
    elif isinstance(named, list | tuple):
        yield from (((number,), name) for number, name in enumerate(named))


def is_local(value: str) -> bool:
    """Whether a source or model is meant as a file or folder here, not as a name on a hub."""
    begins = value.startswith(("./", "../", "/", "~"))
    return begins or (":" not in value and value.lower().endswith(DATA_SUFFIXES))


def _missing(place: Path, value: Any, document: Document) -> SpecFinding | None:
    if not isinstance(value, str) or not is_local(value):
        return None
    file = File(value).expanduser()
    if _exists(file):
        return None
    return SpecFinding(place, "does not exist", value, _fix(file, document))


def _exists(file: File) -> bool:
    try:
        return file.exists()
    except (OSError, ValueError):  # a name too long, a NUL in it
        return False


def _fix(file: File, document: Document) -> str:
    """What was probably meant: beside the spec, or a file there of a similar name."""
    beside = File(document.file).parent / file if document.file else file
    if _exists(beside):
        return f"Paths begin at the current folder: write {beside}"
    if not _exists(file.parent) or not file.parent.is_dir():
        return f"There is no folder {file.parent}"
    similar = nearest(file.name, sorted(entry.name for entry in file.parent.iterdir()))
    return f"Did you mean `{file.parent / similar}`?" if similar else "Check the path"
