"""From pair sources to token rows: layout, splits, what is dropped, the cache."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.trainables.data import tokenizers
from tests.trainables.data.formats.shared import json_lines, shared
from tests.trainables.data.tokenizers import byte_level
from trainables.data.chat_format import encode
from trainables.data.entries import entry_folder
from trainables.data.fingerprints import source_fingerprints
from trainables.data.pairs.clean import clean
from trainables.data.pairs.config import PairsConfig
from trainables.data.pairs.drugs import pairs as drug_pairs
from trainables.data.prepare import cached_report, prepare
from trainables.data.prepared import Prepared
from trainables.errors import InputError

DRUGS = PairsConfig(source="toy:drugs", system_prompt="Be brief.")


def tokenizer() -> Any:
    return byte_level(tokenizers.CHATML)


def never() -> Any:
    raise AssertionError("the tokenizer was asked for, though the tokens are in the cache")


def section(**fields: Any) -> PairsConfig:
    return PairsConfig.model_validate({"system_prompt": None, **fields})


def made(config: PairsConfig = DRUGS, max_length: int = 200) -> Prepared:
    return prepare(config, tokenizer, "bytes", max_length)


def written(folder: Path, count: int = 30, name: str = "own.jsonl", **more: Any) -> dict[str, Any]:
    rows = [
        {"prompt": f"{name} case {n}?", "chosen": f"Yes, {n * n}.", "rejected": f"No, {n}."}
        for n in range(count)
    ]
    return {"source": json_lines(folder / name, rows), **more}


def test_rows_2i_and_2i_plus_1_are_the_chosen_and_the_rejected(cache: Path) -> None:
    rows, texts = made().train, {p.id: p for p in drug_pairs()}
    assert len(rows) % 2 == 0
    for at in range(0, len(rows), 2):
        name, side = rows.ids[at].removeprefix("drugs/").split("/")
        assert (side, rows.ids[at + 1]) == ("chosen", f"drugs/{name}/rejected")
        pair = texts[name]
        for row, answer in ((at, pair.chosen), (at + 1, pair.rejected)):
            wanted = encode(tokenizer(), pair.question, answer, "Be brief.", 200)
            assert wanted is not None
            assert rows.row(row).tolist() == wanted.input_ids
            assert rows.answer_start[row] == wanted.answer_start
            assert rows.references[row] == answer
    assert set(rows.components) == {"drugs"}


def test_no_group_is_on_two_sides(cache: Path) -> None:
    found = made()
    assert not set(found.train.groups) & set(found.validation.groups)
    kept = found.report["kept"]
    assert (len(found.train) // 2, len(found.validation) // 2) == (
        kept["train"],
        kept["validation"],
    )
    assert kept["train"] + kept["validation"] + kept["test"] == 240
    other = made(DRUGS.model_copy(update={"seed": 1}))
    assert set(other.validation.groups) != set(found.validation.groups)


def test_unseen_sources_are_measured_and_never_trained_on(cache: Path, tmp_path: Path) -> None:
    own, more = written(tmp_path), written(tmp_path, 5, "other.jsonl", limit=4)
    config = section(mixture=[{"source": "toy:drugs", "limit": 60}, own], unseen=[more])
    found = made(config)
    assert set(found.train.components) == set(found.validation.components) == {"drugs", "own"}
    assert found.unseen is not None
    assert found.unseen.components == ["other"] * 8
    report = found.report["components"]
    assert report["other"]["kept"] == {"train": 0, "validation": 0, "test": 0, "unseen": 4}
    assert report["other"]["dropped"]["over_limit"] == 1
    assert sum(report["drugs"]["kept"].values()) == 60
    assert made().unseen is None


def test_training_pairs_that_repeat_unseen_ones_are_dropped(cache: Path, tmp_path: Path) -> None:
    own = written(tmp_path)
    again = {**own, "name": "again", "limit": 10}
    found = made(section(**own, unseen=[again]))
    assert found.unseen is not None
    # the toy texts share most words, so that more than the ten are near
    assert found.report["dropped"]["leak"] >= 5
    trained = {q + a for q, a in zip(found.train.questions, found.train.references, strict=True)}
    for question, answer in zip(found.unseen.questions, found.unseen.references, strict=True):
        assert question + answer not in trained


def test_pairs_equal_after_truncation_are_dropped_and_counted(cache: Path, tmp_path: Path) -> None:
    rows = [
        {
            "prompt": f"Drug {n}?",
            "chosen": f"Of {n * n * 7919} uses " + "x" * 90 + " the end",
            "rejected": f"Of {n * n * 7919} uses " + "x" * 90 if n % 2 else f"None: {n * 31}",
        }
        for n in range(40)
    ]
    long = [{"prompt": "x" * 300, "chosen": "Yes.", "rejected": "No."}]
    path = json_lines(tmp_path / "own.jsonl", rows + long)
    found = made(section(source=path, split=(0.6, 0.4, 0)), max_length=96)
    report = found.report
    assert sum(report["dropped"]["no_answer_left"].values()) == 1
    equal = report["dropped"]["equal_after_truncation"]
    sides = {"train": found.train, "validation": found.validation}
    for name, table in sides.items():
        assert equal[name] > 0
        assert all(r.startswith("None") for r in table.references[1::2])
        assert report["truncated"][name] == len(table) // 2


def test_what_says_nothing_is_dropped() -> None:
    pair = next(drug_pairs())
    found = [
        pair,
        pair._replace(id="again"),
        pair._replace(rejected=pair.chosen),
        pair._replace(chosen=" "),
        pair._replace(rejected_question="Another?"),
    ]
    kept, dropped = clean(found)
    assert kept == [found[0], found[4]]
    assert dropped == {"empty": 1, "equal": 1, "exact_duplicate": 1}


def test_the_cache_gives_the_same_back(cache: Path, tmp_path: Path) -> None:
    config = section(source="toy:drugs", unseen=[written(tmp_path)])
    assert cached_report(config, "bytes", 200) is None
    first = made(config)
    again = prepare(config, never, "bytes", 200)
    assert again.report == first.report == cached_report(config, "bytes", 200)
    assert again.unseen is not None
    assert first.unseen is not None
    for mine, theirs in (
        (again.train, first.train),
        (again.validation, first.validation),
        (again.unseen, first.unseen),
    ):
        assert mine.tokens.tolist() == theirs.tokens.tolist()
        assert (mine.ids, mine.components) == (theirs.ids, theirs.components)


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 7},
        {"split": (0.5, 0.4, 0.1)},
        {"system_prompt": "Be long."},
        {"limit": 50},
        {"unseen": [{"source": "toy:drugs", "name": "twice", "limit": 5}]},
        {"name": "renamed"},
    ],
)
def test_what_decides_the_tokens_is_in_the_key(other: dict[str, Any], cache: Path) -> None:
    keys = {made(section(**{**DRUGS.model_dump(), **change})).key for change in ({}, other)}
    assert len(keys) == 2


def test_private_pairs_are_not_written(cache: Path, tmp_path: Path) -> None:
    config = section(**written(tmp_path, private=True))
    found = made(config)
    assert not entry_folder("tokens", found.key).exists()
    assert not list(cache.glob("data/tokens-*"))
    made(section(**written(tmp_path, name="open.jsonl")))
    assert list(cache.glob("data/tokens-*"))
    assert found.validation.hidden == {"own"}
    assert made(config).train.ids == found.train.ids


def test_a_benchmarks_test_set_is_only_measured(cache: Path) -> None:
    test = {"source": shared("medec"), "format": "medec", "hub_split": "test"}
    with pytest.raises(InputError, match="311 of its 311 pairs belong to a benchmark"):
        made(section(**test))
    found = made(section(source="toy:drugs", unseen=[{**test, "limit": 20}]), 4000)
    assert found.unseen is not None
    assert len(found.unseen) == 40
    allowed = section(**test, limit=20, allow_benchmark_training=True)
    assert made(allowed, 4000).report["kept"]["train"] == 17


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "needs a source or a mixture"),
        ({"source": "toy:drugs", "mixture": [{"source": "hpo:siblings"}]}, "source: write it in"),
        ({"source": "toy:drugs", "unseen": [{"source": "toy:drugs"}]}, "called drugs"),
        ({"source": "toy:drugs", "split": (0.5, 0.2, 0.2)}, "sum to 1"),
        ({"source": "toy:drugs", "split": (0.9, 0, 0.1)}, "validation share above 0"),
    ],
)
def test_a_section_that_cannot_be_is_refused(content: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PairsConfig.model_validate(content)


@pytest.mark.parametrize("source", ["toy:pills", "hpo:definitions", "no/where.jsonl"])
def test_a_source_that_is_none_is_told(source: str, cache: Path) -> None:
    with pytest.raises(InputError, match=r"data\.source"):
        made(section(source=source))


def test_prompts_of_several_turns_are_rendered_counted_and_another_key(
    cache: Path, tmp_path: Path
) -> None:
    def source(name: str, before: list[dict[str, str]]) -> Any:
        rows = [
            {
                "prompt": [*before, {"role": "user", "content": f"{name} case {n}?"}],
                "chosen": f"Yes, {n * n}.",
                "rejected": f"No, {n}.",
            }
            for n in range(30)
        ]
        return section(source=json_lines(tmp_path / f"{name}.jsonl", rows))

    system, hello = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}
    config = source("long", [system, hello, {"role": "assistant", "content": "Hello."}])
    long = made(config)
    text = tokenizer().decode(long.train.row(0)[: int(long.train.answer_start[0])])
    assert text.startswith(
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>"
    )
    assert text.count("<|im_start|>assistant") == 2
    assert long.report["chats"] == 30
    assert long.report["system_prompts"]["text"] == "Be brief."
    again = prepare(config, never, "bytes", 200)
    assert (again.key, again.report) == (long.key, long.report)
    plain = made(source("plain", []))
    assert "chats" not in plain.report


def test_pairs_of_their_own_are_validated_on(cache: Path, tmp_path: Path) -> None:
    fields = written(tmp_path, 30)
    own = written(tmp_path, 7, "dev.jsonl")["source"]
    exam = written(tmp_path, 4, "exam.jsonl")["source"]
    prepared = made(section(**fields, validation=own, test=exam, limit=20))
    assert prepared.report["kept"] == {"train": 20, "validation": 7, "test": 4, "unseen": 0}
    assert {id.split("/")[1] for id in prepared.validation.ids} == {"validation"}
    assert prepared.report["rows_read"] == 41
    assert prepared.report["components"]["own"]["own"]["validation"]["rows_read"] == 7
    others = made(section(**fields, validation=own, test=exam, limit=10, seed=7))
    assert others.validation.ids == prepared.validation.ids
    assert others.key != prepared.key


def test_a_whole_mixture_has_one_file_of_validation_pairs(cache: Path, tmp_path: Path) -> None:
    parts = [written(tmp_path, 30), written(tmp_path, 9, "more.jsonl")]
    own = written(tmp_path, 7, "dev.jsonl")["source"]
    exam = written(tmp_path, 4, "exam.jsonl")["source"]
    config = section(mixture=parts, validation=own, test=exam)
    prepared = made(config)
    assert prepared.report["kept"] == {"train": 39, "validation": 7, "test": 4, "unseen": 0}
    assert set(prepared.validation.components) == {"validation"}
    assert prepared.report["own"]["validation"]["source"] == [own]
    assert prepared.report["rows_read"] == 30 + 9 + 7 + 4
    others = made(section(mixture=[{**parts[0], "limit": 5}, parts[1]], validation=own, seed=7))
    assert others.validation.ids == prepared.validation.ids
    assert own in [name for name, _ in source_fingerprints(config)]
    assert made(section(mixture=parts)).key != prepared.key
    assert prepare(config, never, "bytes", 200).key == prepared.key
    hidden = made(section(mixture=[{**parts[0], "private": True}, parts[1]], validation=own))
    assert "validation" in hidden.validation.hidden
    for fields, message in (
        ({"validation": "split:test"}, "a mixture has none"),
        ({"validation": parts[0]["source"]}, "a source of the mixture"),
        ({"limit": 3, "validation": own}, "limit: write it in the mixture's sources"),
        ({"fields": {"prompt": "q"}}, "fields: write it in the mixture's sources"),
    ):
        with pytest.raises(ValidationError, match=message):
            section(mixture=parts, **fields)
    with pytest.raises(ValidationError, match="a source of the mixture is called validation"):
        section(mixture=[{**parts[0], "name": "validation"}, parts[1]], validation=own)


def test_no_pair_is_on_two_sides(cache: Path, tmp_path: Path) -> None:
    fields = written(tmp_path, 30)
    lines = Path(fields["source"]).read_text().splitlines()
    dev = Path(written(tmp_path, 7, "dev.jsonl")["source"])
    dev.write_text("\n".join([*dev.read_text().splitlines(), lines[0]]))
    exam = Path(written(tmp_path, 4, "exam.jsonl")["source"])
    exam.write_text("\n".join([*exam.read_text().splitlines(), dev.read_text().splitlines()[1]]))
    report = made(section(**fields, validation=str(dev), test=str(exam))).report
    assert report["dropped"]["leak"] == 1
    assert report["dropped"]["leak_of_test"] == 1
    assert report["kept"] == {"train": 29, "validation": 7, "test": 5, "unseen": 0}


def test_pairs_apart_are_part_of_the_run_and_errors_name_them(cache: Path, tmp_path: Path) -> None:
    fields = written(tmp_path, 30)
    own = section(**fields, validation=str(tmp_path / "none.jsonl"))
    with pytest.raises(InputError, match=r"data\.validation: no such file or folder"):
        made(own)
    dev = written(tmp_path, 7, "dev.jsonl")["source"]
    found = list(source_fingerprints(section(**fields, validation=dev)))
    assert [name for name, _ in found] == [fields["source"], dev]
    with pytest.raises(ValidationError, match="only measured, whole"):
        section(**fields, unseen=[{"source": "toy:drugs", "validation": dev}])
    assert "validation" not in section(**fields).model_dump()
