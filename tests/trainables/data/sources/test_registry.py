from pathlib import Path

import pytest

from trainables.data.config import DataConfig
from trainables.data.sources.registry import SOURCES, source_kind, source_of
from trainables.errors import InputError


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("hpo:definitions", "hpo"),
        ("toy:drugs", "toy"),
        ("data/rows.jsonl", "file"),
        ("/data/ROWS.CSV", "file"),
        ("rows.parquet", "file"),
        ("medalpaca/medical_meadow_medical_flashcards", "hub"),
    ],
)
def test_kind_is_told_by_the_form(source: str, kind: str) -> None:
    assert source_kind(DataConfig(source=source)) == kind
    assert source_of(DataConfig(source=source)) is SOURCES[kind]


@pytest.mark.parametrize("source", ["flashcards", "rows.txt", "a/b/c", "other:thing", "../x/y"])
def test_unknown_source_lists_the_kinds(source: str) -> None:
    with pytest.raises(InputError, match=r"hpo:definitions, toy:drugs, .*\.jsonl"):
        source_kind(DataConfig(source=source))


def test_a_folder_never_shadows_a_hub_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org" / "name").mkdir(parents=True)
    with pytest.raises(InputError, match="not a file of a known kind"):
        source_kind(DataConfig(source="org/name"))


@pytest.mark.parametrize("source", ["hpo:names", "toy:plants", "hpo"])
def test_unknown_part_of_a_source(source: str) -> None:
    config = DataConfig(source=source)
    with pytest.raises(InputError, match="Write "):
        source_of(config).fingerprint(config, False)


def test_a_file_of_another_ending_is_told_by_what_it_is(tmp_path: Path) -> None:
    packed, text = tmp_path / "rows.jsonl.gz", tmp_path / "notes.txt"
    packed.write_bytes(b"\x1f\x8b\x08\x00")
    text.write_text("Words.")
    for path, fix in ((packed, "gunzip -k rows.jsonl.gz"), (text, "data.format: text")):
        with pytest.raises(InputError) as caught:
            source_kind(DataConfig(source=str(path)))
        assert fix in caught.value.fix
