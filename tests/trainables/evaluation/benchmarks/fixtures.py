"""Benchmarks in their published formats, small, made for tests; and an answerer without a model."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from trainables.evaluation.benchmarks.answered import Option
from trainables.evaluation.benchmarks.answerer import ScoredDone, TextsDone
from trainables.evaluation.benchmarks.question import Generation, Question

SUBJECTS = ("anatomy", "medical_genetics")


def write_data(folder: Path, each: int = 4) -> Path:
    """MMLU's CSV files (test and dev) and COVID-QA's SQuAD file; returns the folder."""
    place = folder / "mmlu_med"
    place.mkdir(parents=True)
    for subject in SUBJECTS:
        for split in ("test", "dev"):
            with (place / f"{subject}_{split}.csv").open("w", newline="") as stream:
                lines = csv.writer(stream)
                for i in range(each):
                    question = f"{split} question {i} of {subject}?"
                    lines.writerow([question, "first", "second", "third", "fourth", "ABCD"[i % 4]])
    _squad(folder / "covidqa", each)
    return folder


def _squad(place: Path, each: int) -> None:
    place.mkdir()
    context = "The virus binds to ACE2 in the lung."
    answer = {"text": "ACE2", "answer_start": context.index("ACE2")}
    asked = [
        {"question": f"What binds it, {i}?", "id": i, "answers": [answer]} for i in range(each)
    ]
    for question in asked:
        question["is_impossible"] = False
    content = {"data": [{"paragraphs": [{"context": context, "qas": asked, "document_id": 1}]}]}
    (place / "200423_covidQA.json").write_text(json.dumps(content))


class Scripted:
    """Scores the k-th question's options with a fixed preference and says a fixed text."""

    def __init__(
        self, prefer: int = 0, say: str = "A. first", die_after: int | None = None
    ) -> None:
        self.prefer, self.say, self.die_after = prefer, say, die_after
        self.asked: list[Question] = []

    def _note(self, question: Question) -> None:
        if self.die_after is not None and len(self.asked) >= self.die_after:
            raise KeyboardInterrupt
        self.asked.append(question)

    def score(self, questions: Sequence[Question], done: ScoredDone) -> None:
        """As Answerer."""
        for i, question in enumerate(questions):
            self._note(question)
            scores = (-1.0 if k == self.prefer else -3.0 for k in range(len(question.options)))
            done(i, tuple(Option(nats, 1, 1) for nats in scores))

    def answer(self, questions: Sequence[Question], how: Generation, done: TextsDone) -> None:
        """As Answerer."""
        for i, question in enumerate(questions):
            self._note(question)
            done(i, (self.say,) * how.samples)
