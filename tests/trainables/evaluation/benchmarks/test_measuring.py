"""Benchmarks on a scripted answerer: values by hand, and no answer is asked for twice."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.trainables.evaluation.benchmarks.fixtures import Scripted, write_data
from trainables.data.items import Item
from trainables.errors import InputError
from trainables.evaluation.benchmarks.answered import AnsweredItem, Option
from trainables.evaluation.benchmarks.answerer import ScoredDone
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.items import load, questions
from trainables.evaluation.benchmarks.measures import MEASURES
from trainables.evaluation.benchmarks.measuring import measure
from trainables.evaluation.benchmarks.question import Question
from trainables.evaluation.benchmarks.registry import BENCHMARKS
from trainables.evaluation.benchmarks.results import by_subject, document, lines
from trainables.evaluation.benchmarks.store import FileStore


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data")


def config(name: str = "mmlu_medical", **fields: object) -> BenchmarkConfig:
    return BenchmarkConfig.model_validate({"name": name, **fields})


def test_accuracy_and_subjects_by_hand(data: Path) -> None:
    outcome = measure(Scripted(prefer=1), load(config(), data))
    assert outcome.measures["accuracy"].value == 0.25  # gold is A, B, C, D in turn
    assert outcome.measures["accuracy"].n == 8
    assert {s: m["accuracy"]["value"] for s, m in by_subject(outcome).items()} == {
        "anatomy": 0.25,
        "medical_genetics": 0.25,
    }


def test_generated_answers_and_those_that_choose_nothing(data: Path) -> None:
    asked = config(measures=["generated_accuracy", "unanswered"])
    right = measure(Scripted(say="The answer is D."), load(asked, data)).measures
    assert (right["generated_accuracy"].value, right["unanswered"].value) == (0.25, 0)
    silent = measure(Scripted(say="I do not know"), load(asked, data)).measures
    assert (silent["generated_accuracy"].value, silent["unanswered"].value) == (0, 1)


def test_spans(data: Path) -> None:
    found = measure(Scripted(say="the ACE2!"), load(config("covidqa"), data)).measures
    assert found["exact_match"].value == 1
    assert found["token_f1"].value == 1


def test_only_what_is_needed_is_asked(data: Path) -> None:
    answerer = Scripted()
    measure(answerer, load(config(measures=["accuracy", "ece"]), data))
    assert len(answerer.asked) == 8


def test_a_killed_measurement_goes_on(data: Path, tmp_path: Path) -> None:
    loaded, path = load(config(), data), tmp_path / "answers.jsonl"
    with pytest.raises(KeyboardInterrupt):
        measure(Scripted(die_after=5), loaded, FileStore(path, "a"))
    with path.open("a") as stream:
        stream.write('["a", "torn')
    second, third = Scripted(), Scripted()
    told: list[tuple[int, int]] = []
    found = measure(second, loaded, FileStore(path, "a"), lambda *n: told.append(n))
    assert len(second.asked) == 3
    assert (told[0], told[-1]) == ((5, 8), (8, 8))
    assert found.measures == measure(Scripted(), loaded).measures
    measure(third, loaded, FileStore(path, "another model"))
    assert len(third.asked) == 8
    assert len(FileStore(path, "a")) == len(FileStore(path, "another model")) == 8


def test_other_settings_ask_again(data: Path) -> None:
    store: dict[str, object] = {}
    asked = ["generated_accuracy"]
    measure(Scripted(), load(config(measures=asked), data), store)
    answerer = Scripted()
    measure(answerer, load(config(measures=asked, max_new_tokens=9), data), store)
    assert len(answerer.asked) == 8


def test_examples_come_from_the_other_split_and_stand_first(data: Path) -> None:
    loaded = load(config(few_shot=2, limit=3), data)
    assert len(loaded.items) == 3
    assert [shot.question.startswith("dev") for shot in loaded.shots] == [True, True]
    (first, *_) = questions(loaded)
    before, _, last = first.text.rpartition("\n\n")
    assert last.startswith("test question")
    assert before.count("\nAnswer: ") == 2
    again, other = (load(config(few_shot=2, limit=3, seed=seed), data) for seed in (42, 1))
    assert again.fingerprint == loaded.fingerprint != other.fingerprint


def test_letters_alone(data: Path) -> None:
    assert questions(load(config(letters=True), data))[0].options == ("A", "B", "C", "D")
    assert questions(load(config(), data))[0].options[1] == "B. second"


def test_what_cannot_be_loaded(tmp_path: Path, data: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        load(config("medqa"), tmp_path)
    with pytest.raises(InputError, match="no training split"):
        load(config("covidqa", few_shot=1), data)
    with pytest.raises(InputError, match="no such instruction"):
        load(config(instruction="poem"), data)


@pytest.mark.parametrize(
    ("gone", "few_shot", "said"), [("dev", 1, "set few_shot to 0"), ("test", 0, "leave it out")]
)
def test_a_missing_split_is_told_of_the_benchmark(
    data: Path, gone: str, few_shot: int, said: str
) -> None:
    for file in data.rglob(f"*{gone}*"):
        file.unlink()
    with pytest.raises(InputError, match=said) as caught:
        load(config(few_shot=few_shot), data)
    assert "hub_split" not in str(caught.value)  # of another section; it would open another split
    assert str(caught.value).startswith("evaluation.benchmarks: ")


def test_what_is_no_benchmark() -> None:
    with pytest.raises(ValueError, match="no such benchmark"):
        config("medqq")
    with pytest.raises(ValueError, match="has no measure 'macro_f1'"):
        config("medqa", measures=["macro_f1"])


def test_normalisations_choose_as_defined() -> None:
    item = Item("1", "1", "?", options=("a", "a long option"), gold=1)
    answered = AnsweredItem(item, (Option(-2.0, 1, 1), Option(-9.0, 6, 13)))
    assert answered.likeliest == 0  # -2 > -9
    assert answered.likeliest_per_byte == 1  # -2 < -9/13
    assert answered.likeliest_per_token == 1  # -2 < -9/6


def test_a_question_without_an_answer_is_answered_by_saying_so() -> None:
    item = Item("1", "1", "?", context="Nothing.", kind="unanswerable")
    exact, f1 = (MEASURES[name].of for name in ("exact_match", "token_f1"))
    said = [AnsweredItem(item, texts=(text,)) for text in ("Unanswerable.", "", "the lung")]
    assert exact(said) is not None
    assert exact(said).value == pytest.approx(2 / 3)  # type: ignore[union-attr]
    assert f1(said).value == pytest.approx(2 / 3)  # type: ignore[union-attr]


def test_samples_vote() -> None:
    item = Item("1", "1", "?", options=("yes", "no"), gold=1)
    answered = AnsweredItem(item, texts=("yes", "No.", "unclear", "no way"))
    assert answered.vote.option == 1
    assert answered.vote.agreement == 0.5
    assert answered.text == "No."


def test_the_document_and_the_lines(data: Path) -> None:
    outcome = measure(Scripted(prefer=0), load(config(), data))
    found = document([outcome], {"name": "x"}, {})
    numbers = found["mmlu_medical"]["accuracy"]
    assert numbers == {"value": 0.25, "interval": numbers["interval"], "n": 8}
    assert (
        sum(bar["n"] for bar in found["about"]["calibration"]["mmlu_medical"]["reliability"]) == 8
    )
    rows = lines(outcome)
    assert [row["correct"] for row in rows] == [True, False, False, False] * 2
    assert rows[0]["prediction"] == "first"
    assert {row["benchmark"] for row in rows} == {"mmlu_medical"}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_measures_what_is_registered(name: str) -> None:
    about = BENCHMARKS[name]
    assert set(about.default) <= set(about.measures) <= set(MEASURES)
    assert len(set(about.measures)) == len(about.measures)


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_of_nothing_is_nothing(name: str) -> None:
    assert MEASURES[name].of([]) is None


def test_exact_match_of_a_decision_is_of_its_conclusion() -> None:
    item = Item("1", "1", "Does it?", "It lowers the risk.", options=("yes", "no", "maybe"), gold=0)
    texts = ["Yes.", "It may. Final answer: yes", "Final answer: no", "Yes, it does.", ""]
    answers = [AnsweredItem(item, texts=(text,)) for text in texts]
    found = MEASURES["exact_match"].of(answers)
    assert found is not None
    assert found.value == pytest.approx(2 / 5)
    whole = MEASURES["exact_match"].of([AnsweredItem(item, texts=("It lowers the risk",))])
    assert whole is not None
    assert whole.value == 1


def test_a_model_that_gives_no_numbers(data: Path) -> None:
    class Broken(Scripted):
        def score(self, questions: Sequence[Question], done: ScoredDone) -> None:
            for i, question in enumerate(questions):
                nats = math.nan if i == 2 else -1.0
                done(i, tuple(Option(nats, 1, 1) for _ in question.options))

    with pytest.raises(
        InputError, match=r"model.dtype: gives no number for 1 of 8 questions of mm"
    ):
        measure(Broken(), load(config(), data))
