"""Mixtures from the spec to tokens; plain text; what is private."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweeps.readiness.preparation import Preparation, base_key
from tests.trainables.data import tokenizers
from tests.trainables.data.formats.shared import json_lines
from tests.trainables.data.tokenizers import byte_level
from trainables.data.components import components_of, private_components, weights_of
from trainables.data.config import DataConfig
from trainables.data.prepare import data_key, prepare
from trainables.data.prepared import Prepared, drawn, own_rows
from trainables.errors import InputError
from trainables.evaluation.config import EvaluationConfig
from trainables.evaluation.measure import score_text, text_rows
from trainables.models.config import ModelConfig
from trainables.sft.config import SFTConfig

SECRET = "Mr. Nobody was seen in ward nine"


def tokenizer() -> Any:
    return byte_level(tokenizers.CHATML)


def rows(word: str, count: int) -> list[dict[str, str]]:
    return [
        {"question": f"What is {word} number {n}?", "answer": f"It is {word} {n}, after {n * n}."}
        for n in range(count)
    ]


def section(folder: Path, **more: Any) -> DataConfig:
    mixture = [
        {"name": "toy", "source": "toy:drugs"},
        {"name": "own", "source": json_lines(folder / "own.jsonl", rows("thing", 60))},
    ]
    return DataConfig.model_validate(
        {"mixture": mixture, "system_prompt": None, "split": [0.8, 0.1, 0.1], **more}
    )


def made(config: DataConfig, max_length: int = 300) -> Prepared:
    return prepare(config, tokenizer, "bytes", max_length)


def test_all_rows_with_their_component(cache: Path, tmp_path: Path) -> None:
    config = section(tmp_path)
    prepared = made(config)
    assert Counter(prepared.train.components) == {"toy": 192, "own": 48}
    assert Counter(prepared.validation.components) == {"toy": 24, "own": 6}
    # mixed: the first rows are a sample of both
    assert len(set(prepared.validation.components[:12])) == 2
    assert all(i.startswith(f"{c}/") for i, c in zip(*_named(prepared), strict=True))
    report = prepared.report
    assert report["source"] == "mixture of toy, own"
    assert report["components"]["own"]["kept"] == {"train": 48, "validation": 6, "test": 6}
    assert report["rows_read"] == 300
    again = made(config)
    assert again.train.components == prepared.train.components
    assert drawn(prepared, config) is prepared


def _named(prepared: Prepared) -> tuple[list[str], list[str]]:
    return prepared.train.ids, prepared.train.components


def test_weights_choose_rows_and_tokenise_nothing(cache: Path, tmp_path: Path) -> None:
    even, most = ({"toy": 1, "own": 1}, {"toy": 0.9, "own": 0.1})
    config = section(tmp_path)
    pool = made(config)
    for weights in (even, most):
        weighted = section(tmp_path, weights=weights)
        assert data_key(weighted, "bytes", 300) == pool.key
        train = drawn(pool, weighted).train
        share = weights["own"] / sum(weights.values())
        assert Counter(train.components)["own"] == pytest.approx(240 * share, abs=1)
        assert len(train) in (240, 239, 213)
    assert drawn(pool, section(tmp_path, weights=most)).validation is pool.validation


def test_a_drawn_row_is_the_pool_s(cache: Path, tmp_path: Path) -> None:
    config = section(tmp_path, weights={"toy": 0, "own": 1})
    pool = made(config)
    train = drawn(pool, config).train
    assert set(train.components) == {"own"}
    for index, identity in enumerate(train.ids):
        place = pool.train.ids.index(identity)
        np.testing.assert_array_equal(train.row(index), pool.train.row(place))
        assert train.references[index] == pool.train.references[place]
        assert train.answer_start[index] == pool.train.answer_start[place]
    assert max(Counter(train.ids).values()) == 4
    trial = SFTConfig(model=ModelConfig(name_or_path="toy:llama"), data=config)
    assert own_rows(pool, trial).train.ids == train.ids


def test_a_sweep_prepares_a_mixture_once(cache: Path, tmp_path: Path) -> None:
    found: list[str] = []
    preparation = Preparation(lambda line: None, lambda key, report: found.append(key))
    trials = [
        SFTConfig.model_validate(
            {
                "model": {"name_or_path": "toy:llama"},
                "data": section(tmp_path, weights={"toy": toy, "own": 1 - toy}).model_dump(),
            }
        )
        for toy in (0.3, 0.6)
    ]
    first, second = (preparation.data(trial) for trial in trials)
    assert first is second
    assert len(found) == 1
    keys = {base_key(trial, first.key) for trial in trials}
    assert len(keys) == 1  # the base is measured on the same validation rows


def test_training_rows_that_another_set_keeps_for_evaluation_go(
    cache: Path, tmp_path: Path
) -> None:
    first = json_lines(tmp_path / "first.jsonl", rows("thing", 100))
    second = json_lines(tmp_path / "second.jsonl", rows("THING", 100))
    mixture = [{"source": first}, {"source": second, "fields": {"group": "answer"}}]
    prepared = made(DataConfig.model_validate({"mixture": mixture, "system_prompt": None}))
    report = prepared.report
    kept, leaked = report["kept"], report["dropped"]["leak"]
    assert leaked > 0
    assert kept["train"] + leaked == 170
    assert (kept["validation"], kept["test"]) == (20, 10)
    held = {text.casefold() for text in prepared.validation.questions}
    assert not held & {text.casefold() for text in prepared.train.questions}


def test_an_error_names_the_component(cache: Path, tmp_path: Path) -> None:
    few = {"name": "few", "source": json_lines(tmp_path / "few.jsonl", rows("x", 1))}
    mixture = [{"source": "toy:drugs"}, few]
    with pytest.raises(InputError, match="component few of the mixture: 1 of 1 rows left"):
        made(DataConfig.model_validate({"mixture": mixture}))


def test_a_component_that_truncation_empties_is_refused(cache: Path, tmp_path: Path) -> None:
    long = [{"question": f"{n} " * 200, "answer": f"It is number {n}."} for n in range(40)]
    mixture = [{"source": "toy:drugs"}, {"source": json_lines(tmp_path / "long.jsonl", long)}]
    config = DataConfig.model_validate({"mixture": mixture, "system_prompt": None})
    with pytest.raises(InputError, match="no answer token in any training row of long"):
        made(config)


def test_one_long_text_can_be_split(cache: Path, tmp_path: Path) -> None:
    words = (f"Word{n % 37} follows word{n * n % 91} in sentence {n}." for n in range(3000))
    (tmp_path / "book.txt").write_text(" ".join(words))
    config = DataConfig.model_validate({"source": str(tmp_path / "book.txt"), "format": "text"})
    report = made(config).report
    assert report["groups"]["validation"] >= 1
    assert report["kept"]["train"] > report["kept"]["validation"]


def test_plain_text_is_learnt_whole(cache: Path, tmp_path: Path) -> None:
    texts = [
        {"text": f"Passage {n}: once upon a time there were {n * n} stars."} for n in range(40)
    ]
    text = {"format": "text", "source": json_lines(tmp_path / "general.jsonl", texts)}
    config = section(tmp_path)
    mixture = [*(c.model_dump() for c in config.mixture or ()), text]
    prepared = made(DataConfig.model_validate({"mixture": mixture, "system_prompt": None}))
    places = [i for i, c in enumerate(prepared.train.components) if c == "text"]
    assert len(places) == 34
    for place in places:
        assert prepared.train.answer_start[place] == 1
        assert prepared.train.questions[place] == ""
        written = tokenizer().decode(prepared.train.row(place))
        assert written == prepared.train.references[place]
        assert prepared.train.answer_bytes[place] == len(written.encode()) - 1
    asked = text_rows(prepared.validation, EvaluationConfig(limit=None))
    assert 0 < len(asked) < len(prepared.validation)
    assert all(asked.questions)


def private(folder: Path, **more: Any) -> DataConfig:
    notes = [
        {"question": f"{SECRET}, note {n}?", "answer": f"Yes, {n * 7} times in ward nine."}
        for n in range(40)
    ]
    source = {"source": json_lines(folder / "notes.jsonl", notes), "private": True, **more}
    mixture = [{"name": "toy", "source": "toy:drugs"}, {"name": "notes", **source}]
    return DataConfig.model_validate({"mixture": mixture, "system_prompt": None})


def test_private_rows_are_neither_stored_nor_shown(cache: Path, tmp_path: Path) -> None:
    config = private(tmp_path)
    prepared = made(config)
    assert private_components(config) == {"notes"}
    assert SECRET in " ".join(prepared.train.questions)
    for path in cache.rglob("*"):
        assert path.suffix not in (".parquet", ".json"), path
    assert SECRET not in json.dumps(prepared.report)
    validation = prepared.validation
    assert "notes" in validation.components
    texts = [SECRET] * len(validation)
    evaluation = EvaluationConfig.model_validate({"metrics": ["rouge"]})
    metrics, predictions, _ = score_text(texts, validation, evaluation)
    assert metrics
    assert len(predictions) == validation.components.count("toy")
    assert all(p["id"].startswith("toy/") for p in predictions)


def test_a_private_source_alone(cache: Path, tmp_path: Path) -> None:
    notes = [{"question": f"Q {n}?", "answer": f"Answer {n * 7} words."} for n in range(40)]
    source = json_lines(tmp_path / "notes.jsonl", notes)
    config = DataConfig.model_validate({"source": source, "private": True, "system_prompt": None})
    validation = made(config).validation.head(3)
    evaluation = EvaluationConfig.model_validate({"metrics": ["rouge"]})
    assert score_text(["x"] * 3, validation, evaluation)[1] == ()


def test_weights_and_parts(tmp_path: Path) -> None:
    config = section(tmp_path, seed=7)
    assert weights_of(config) is None
    assert {name: part.seed for name, part in components_of(config).items()} == {"toy": 7, "own": 7}
    assert components_of(config)["toy"].split == (0.8, 0.1, 0.1)
    assert weights_of(section(tmp_path, weights={"toy": 2, "own": 1})) == {"toy": 2, "own": 1}
    given = [c.model_dump() | {"weight": 3} for c in config.mixture or ()]
    assert weights_of(DataConfig.model_validate({"mixture": given})) == {"toy": 3, "own": 3}


TOY = {"source": "toy:drugs"}
FILE = {"source": "rows.jsonl"}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "needs a source or a mixture"),
        ({"mixture": [TOY]}, "two or more components"),
        ({"mixture": [TOY, TOY]}, "different names"),
        ({"mixture": [TOY, FILE], "limit": 3}, "limit: write it in the mixture's components"),
        ({"mixture": [TOY, FILE], "source": "x.csv"}, "source: write it in the mixture's"),
        ({"mixture": [TOY | {"weight": 1}, FILE]}, "every component of the mixture a weight"),
        ({"mixture": [TOY, FILE], "weights": {"drugs": 1}}, "weights must name the components"),
        ({"mixture": [TOY, FILE], "weights": {"drugs": 0, "rows": 0}}, "are all 0"),
        ({**TOY, "weights": {"drugs": 1}}, "weights need a mixture"),
    ],
)
def test_a_mixture_that_cannot_be(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        DataConfig.model_validate(given)
