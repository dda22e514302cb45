"""Which benchmarks have a test part that no trial was asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.test_part import asked_on_test, left_sealed


def names(**asked: Any) -> tuple[list[str], tuple[str, ...]]:
    """What is sealed of one benchmark, and whether its test was asked."""
    configs = [BenchmarkConfig(**asked)]
    return [part.name for part in left_sealed(configs)], asked_on_test(configs)


@pytest.mark.parametrize(
    ("asked", "sealed", "read"),
    [
        ({"name": "medqa", "split": "validation"}, True, False),
        ({"name": "medqa"}, False, True),  # results are published on its test
        ({"name": "radqa"}, False, True),
        ({"name": "medsafetybench"}, True, False),  # published on its training part
        ({"name": "pubmedqa", "split": "train"}, True, False),
        ({"name": "pubmedqa", "split": "all"}, False, True),
        ({"name": "medmcqa"}, False, False),  # the answers of its test are not published
        ({"name": "medquad"}, False, False),  # it has no test
        ({"name": "hpo_definitions"}, False, False),
        ({"name": "safe_requests"}, False, False),
    ],
)
def test_a_part_is_sealed_where_trials_were_asked_another(
    asked: dict[str, Any], sealed: bool, read: bool
) -> None:
    found = names(**asked)
    assert (bool(found[0]), bool(found[1])) == (sealed, read)


def test_of_local_files_the_names_tell(tmp_path: Path) -> None:
    row = json.dumps({"question": "Which?", "options": {"A": "a", "B": "b"}, "answer_idx": "A"})
    dev = tmp_path / "dev.jsonl"
    dev.write_text(row + "\n")
    asked = {"name": "medqa", "split": "validation"}
    assert names(**asked, source=str(tmp_path)) == ([], ())  # no file of a test is there
    (tmp_path / "test.jsonl").write_text(row + "\n")
    assert names(**asked, source=str(tmp_path)) == (["medqa"], ())
    assert names(**asked, source=str(dev)) == ([], ())  # the file that was named is no test
    (part,) = left_sealed([BenchmarkConfig(**asked, source=str(tmp_path), limit=7)])
    assert (part.split, part.limit) == ("test", 7)
