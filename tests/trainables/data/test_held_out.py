"""Rows of their own for validation and test: what is read, what is split off, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.trainables.data import tokenizers
from tests.trainables.data.tokenizers import byte_level
from trainables.data.config import DataConfig
from trainables.data.fingerprints import source_fingerprints
from trainables.data.noticed import told
from trainables.data.prepare import cached_report, data_key, prepare, prepare_text
from trainables.errors import InputError


def write(path: Path, numbers: range, **more: Any) -> str:
    rows = [
        {"question": f"What is number {n}?", "answer": f"It is {n}, after {n - 1} and {n * n}."}
        for n in numbers
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps({**row, **more}) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    return {
        "train": write(tmp_path / "train.jsonl", range(40)),
        "dev": write(tmp_path / "dev.jsonl", range(100, 110)),
        "more": write(tmp_path / "more.jsonl", range(200, 205)),
        "exam": write(tmp_path / "exam.jsonl", range(300, 307)),
    }


def section(files: dict[str, str], **fields: Any) -> DataConfig:
    return DataConfig(source=files["train"], system_prompt=None, **fields)


def test_nothing_is_split_off_beside_a_validation_file(cache: Path, files: dict[str, str]) -> None:
    found = prepare_text(section(files, validation=files["dev"]))
    assert sorted(row.id for row in found.train) == sorted(str(n) for n in range(1, 41))
    assert sorted(row.id for row in found.validation) == sorted(
        f"validation/{n}" for n in range(1, 11)
    )
    assert found.report["kept"] == {"train": 40, "validation": 10, "test": 0}
    assert found.report["rows_read"] == 50
    assert found.report["own"]["validation"]["rows_read"] == 10


def test_a_test_file_leaves_the_share_of_validation(cache: Path, files: dict[str, str]) -> None:
    found = prepare_text(section(files, test=files["exam"], split=(0.75, 0.25, 0.0)))
    assert found.report["kept"] == {"train": 30, "validation": 10, "test": 7}
    both = prepare_text(section(files, test=files["exam"], validation=files["dev"]))
    assert both.report["kept"] == {"train": 40, "validation": 10, "test": 7}
    folds = prepare_text(section(files, test=files["exam"], folds=4))
    assert folds.report["kept"] == {"train": 30, "validation": 10, "test": 7}


def test_several_files_and_folders(cache: Path, files: dict[str, str], tmp_path: Path) -> None:
    found = prepare_text(section(files, validation=[files["dev"], files["more"]]))
    assert {row.id.split("/")[0] for row in found.validation} == {"validation-1", "validation-2"}
    assert len(found.validation) == 15
    write(tmp_path / "folder" / "a.jsonl", range(400, 403))
    write(tmp_path / "folder" / "b.jsonl", range(500, 504))
    (tmp_path / "folder" / "README.md").write_text("no rows")
    found = prepare_text(section(files, validation=str(tmp_path / "folder")))
    assert len(found.validation) == 7


def test_measured_rows_are_the_same_whatever_is_trained_on(
    cache: Path, files: dict[str, str]
) -> None:
    seen = [
        prepare_text(section(files, validation=files["dev"], seed=seed, limit=limit)).validation
        for seed, limit in ((1, None), (2, 10), (3, 30))
    ]
    assert seen[0] == seen[1] == seen[2]


def test_a_training_row_of_either_is_dropped(cache: Path, files: dict[str, str]) -> None:
    text = Path(files["train"]).read_text() + Path(files["dev"]).read_text().splitlines()[0] + "\n"
    Path(files["train"]).write_text(text)
    exam = Path(files["exam"])
    exam.write_text(exam.read_text() + "\n".join(text.splitlines()[:2]) + "\n")
    dev = Path(files["dev"])
    dev.write_text(dev.read_text() + exam.read_text().splitlines()[0] + "\n")
    report = prepare_text(section(files, validation=str(dev), test=str(exam))).report
    assert report["dropped"]["leak"] == 3
    assert report["dropped"]["leak_of_test"] == 1
    assert report["kept"] == {"train": 38, "validation": 10, "test": 9}
    kept = sum(report["kept"].values()) + sum(report["dropped"].values())
    assert report["rows_read"] == kept


def test_rows_apart_are_part_of_the_keys(cache: Path, files: dict[str, str]) -> None:
    plain, own = section(files), section(files, validation=files["dev"])
    assert "validation" not in plain.model_dump()
    assert data_key(plain, "t", 10) != data_key(own, "t", 10)
    assert [name for name, _ in source_fingerprints(own)] == [files["train"], files["dev"]]
    before = data_key(own, "t", 10)
    moved = Path(files["dev"]).rename(Path(files["dev"]).with_name("moved.jsonl"))
    assert data_key(section(files, validation=str(moved)), "t", 10) == before
    moved.write_text(moved.read_text().replace("number 100", "number 1000"))
    assert data_key(section(files, validation=str(moved)), "t", 10) != before


def test_tokens_and_report_come_back_from_the_cache(cache: Path, files: dict[str, str]) -> None:
    config = section(files, validation=files["dev"], test=files["exam"])
    made = prepare(config, lambda: byte_level(tokenizers.CHATML), "bytes", 200)
    assert len(made.validation) == 10
    assert cached_report(config, "bytes", 200) == made.report
    assert made.report["own"]["test"]["source"] == [files["exam"]]


def test_published_splits_of_a_local_folder(cache: Path, tmp_path: Path) -> None:
    def medqa(name: str, numbers: range) -> None:
        rows = [
            {
                "question": f"Which of the numbers is {n} of the long list of numbers?",
                "options": {"A": f"one {n}", "B": f"two {n}"},
                "answer_idx": "A",
                "answer": f"one {n}",
            }
            for n in numbers
        ]
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))

    folder = tmp_path / "medqa"
    folder.mkdir()
    medqa("train.jsonl", range(30))
    medqa("dev.jsonl", range(100, 110))
    medqa("test.jsonl", range(200, 205))
    config = DataConfig(
        source=str(folder),
        format="medqa",
        validation="split:validation",
        test="split:test",
        cleaning={"near_duplicate_threshold": None},
    )
    found = prepare_text(config)
    assert found.report["kept"] == {"train": 30, "validation": 10, "test": 5}
    named = config.model_copy(update={"validation": str(folder / "dev.jsonl")})
    assert len(prepare_text(named).validation) == 10
    chosen_by_test = config.model_copy(update={"validation": "split:test", "test": None})
    with pytest.raises(InputError, match=r"data\.validation: 5 of its 5 rows belong to a bench"):
        prepare_text(chosen_by_test)


def test_components_of_a_mixture_have_their_own(cache: Path, files: dict[str, str]) -> None:
    parts = [
        {"source": files["train"], "name": "a", "validation": files["dev"]},
        {"source": "toy:drugs", "name": "b"},
    ]
    found = prepare_text(DataConfig(mixture=parts, split=(0.8, 0.1, 0.1)))
    assert sum(row.component == "a" for row in found.train) == 40
    assert {row.id for row in found.validation if row.component == "a"} == {
        f"a/validation/{n}" for n in range(1, 11)
    }
    assert found.report["components"]["a"]["own"]["validation"]["rows_read"] == 10


def mixed(files: dict[str, str], **fields: Any) -> DataConfig:
    """A mixture of two files, whose whole has rows apart."""
    parts = [{"source": files["train"], "name": "a"}, {"source": files["more"], "name": "b"}]
    return DataConfig(mixture=parts, system_prompt=None, **fields)


def test_a_whole_mixture_has_one_validation_file(cache: Path, files: dict[str, str]) -> None:
    config = mixed(files, validation=files["dev"], test=files["exam"])
    found = prepare_text(config)
    assert found.report["kept"] == {"train": 45, "validation": 10, "test": 7}
    assert {row.component for row in found.train} == {"a", "b"}
    assert {row.id for row in found.validation} == {f"validation/{n}" for n in range(1, 11)}
    assert found.report["rows_read"] == 40 + 5 + 10 + 7
    assert found.report["own"]["validation"]["source"] == [files["dev"]]
    kept = found.report["components"]["b"]["kept"]
    assert kept == {"train": 5, "validation": 0, "test": 0}
    assert told(found.report)[0] == f"validation rows of their own: {files['dev']} (10 read)"


def test_neither_the_draw_nor_the_parts_change_what_a_mixture_is_measured_on(
    cache: Path, files: dict[str, str]
) -> None:
    def validation(seed: int, limit: int | None) -> list[str]:
        parts = [
            {"source": files["train"], "name": "a", "limit": limit},
            {"source": files["more"], "name": "b"},
        ]
        config = DataConfig(mixture=parts, validation=files["dev"], seed=seed)
        return [row.id for row in prepare_text(config).validation]

    assert validation(42, None) == validation(7, 10)


def test_a_mixture_s_test_file_leaves_the_shares_of_validation(
    cache: Path, files: dict[str, str]
) -> None:
    found = prepare_text(mixed(files, test=files["exam"], split=(0.8, 0.2, 0.0)))
    assert found.report["kept"] == {"train": 36, "validation": 9, "test": 7}


def test_a_mixture_s_rows_apart_are_read_as_the_section_says(
    cache: Path, files: dict[str, str], tmp_path: Path
) -> None:
    dev = tmp_path / "own.jsonl"
    dev.write_text('{"ask": "What is the last of all numbers?", "say": "There is no such number."}')
    fields = {"question": "ask", "answer": "say"}
    (row,) = prepare_text(mixed(files, validation=str(dev), fields=fields)).validation
    assert row.answer == "There is no such number."
    with pytest.raises(ValidationError, match="fields: write it in the mixture's components"):
        mixed(files, fields=fields)
    with pytest.raises(ValidationError, match="limit: write it in the mixture's components"):
        mixed(files, validation=str(dev), limit=3)


def test_a_mixture_s_rows_apart_are_part_of_its_keys(cache: Path, files: dict[str, str]) -> None:
    plain, own = mixed(files), mixed(files, validation=files["dev"])
    assert data_key(plain, "t", 10) != data_key(own, "t", 10)
    named = [name for name, _ in source_fingerprints(own)]
    assert named == [files["train"], files["more"], files["dev"]]
    before = data_key(own, "t", 10)
    dev = Path(files["dev"])
    dev.write_text(dev.read_text().replace("number 100", "number 1000"))
    assert data_key(own, "t", 10) != before
    made = prepare(own, lambda: byte_level(tokenizers.CHATML), "bytes", 200)
    assert cached_report(own, "bytes", 200) == made.report


def test_a_private_part_hides_the_rows_of_the_whole(cache: Path, files: dict[str, str]) -> None:
    """They may be of the same place."""
    parts = [
        {"source": files["train"], "name": "a", "private": True},
        {"source": files["more"], "name": "b"},
    ]
    config = DataConfig(mixture=parts, validation=files["dev"], system_prompt=None)
    made = prepare(config, lambda: byte_level(tokenizers.CHATML), "bytes", 200)
    assert made.validation.hidden == {"a", ""}
    assert not list(cache.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("whole", "part", "message"),
    [
        ({"validation": "split:test"}, {}, "a mixture has none"),
        ({"validation": "one.jsonl"}, {}, "a source of the mixture"),
        ({"validation": "dev.jsonl"}, {"validation": "x.jsonl"}, "for the whole mixture and for"),
        ({"test": "dev.jsonl"}, {"test": "x.jsonl"}, "for the whole mixture and for"),
        ({"validation": "dev.jsonl", "folds": 3}, {}, "folds take their validation rows"),
        ({"validation": "dev.jsonl", "test": "dev.jsonl"}, {}, "both name dev.jsonl"),
    ],
)
def test_what_a_mixture_cannot_have(
    whole: dict[str, Any], part: dict[str, Any], message: str
) -> None:
    parts = [{"source": "one.jsonl", **part}, {"source": "two.jsonl"}]
    with pytest.raises(ValidationError, match=message):
        DataConfig(mixture=parts, **whole)


def test_related_rows_on_both_sides_are_told(cache: Path, tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", range(20), patient="p1")
    dev = write(tmp_path / "dev.jsonl", range(100, 105), patient="p1")
    config = DataConfig(source=train, validation=dev, fields={"group": "patient"})
    report = prepare_text(config).report
    assert report["own"]["validation"]["groups_trained_on"] == 1
    assert told(report) == [
        f"validation rows of their own: {dev} (5 read)",
        "1 groups of these validation rows are in the training rows too: related rows are on both "
        "sides",
    ]


def test_what_rows_of_their_own_lost_is_told(cache: Path, tmp_path: Path) -> None:
    train, test = (write(tmp_path / f"{n}.jsonl", r) for n, r in (("a", range(20)), ("t", [40])))
    dev = write(tmp_path / "dev.jsonl", [30, 30, 31, 40])
    report = prepare_text(DataConfig(source=train, validation=dev, test=test)).report
    assert report["kept"]["validation"] == 2
    assert told(report) == [
        f"validation rows of their own: {dev} (4 read, 1 dropped by cleaning)",
        f"test rows of their own: {test} (1 read)",
        "1 validation rows repeat a test row and were dropped",
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"validation": "a.jsonl", "folds": 3}, "folds take their validation rows"),
        ({"validation": "a.jsonl", "test": "a.jsonl"}, "both name a.jsonl"),
        ({"validation": "rows.jsonl"}, "the training rows themselves"),
        ({"validation": "split:train"}, "the training rows themselves"),
        ({"validation": []}, "names no file"),
        ({"source": "toy:drugs", "validation": "split:test"}, "no published splits"),
    ],
)
def test_what_cannot_be(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DataConfig(**{"source": "rows.jsonl", **fields})


def test_errors_name_the_field_and_the_file(cache: Path, files: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"data\.validation: no such file or folder"):
        prepare_text(section(files, validation="nowhere.jsonl"))
    bad = Path(files["dev"])
    bad.write_text('{"question": "Only this?"}\n')
    with pytest.raises(InputError, match=r"data\.fields\.answer: dev\.jsonl, row 1 has no such"):
        prepare_text(section(files, validation=str(bad)))
    bad.write_text("no json\n")
    with pytest.raises(InputError, match=r"data\.validation: dev\.jsonl, row 1 is not JSON"):
        prepare_text(section(files, validation=str(bad)))
    bad.write_text('{"question": "", "answer": ""}\n')
    with pytest.raises(InputError, match=r"data\.validation: 0 of 1 rows left after cleaning"):
        prepare_text(section(files, validation=str(bad)))
