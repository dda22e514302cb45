"""Blind preference pairs: which of two answers would you rather give?"""

import random
from collections.abc import Sequence

from analysis.ratings.errors import RatingError
from analysis.ratings.forms import Form
from analysis.ratings.guides import PAIRS
from analysis.ratings.sources import RatingSource


def pairs_form(first: RatingSource, second: RatingSource, n: int | None, seed: int) -> Form:
    """At most `n` questions that both answered, and answered differently, drawn by `seed`.

    The first one's answers are on side A in half of the pairs, at random. RatingError where there
    is no such question.
    """
    both = [i for i in first.answers if i in second.answers]
    differing = [i for i in both if first.answers[i] != second.answers[i]]
    if not differing:
        problem = f"{len(both)} questions answered by both, all with the same words"
        raise RatingError([f"nothing to compare in {first.name} and {second.name}: {problem}."])
    generator = random.Random(f"{seed}:pairs")
    asked = generator.sample(differing, min(n or len(differing), len(differing)))
    sides = [(first, second), (second, first)] * (len(asked) // 2 + 1)
    drawn = generator.sample(sides[: len(asked) + len(asked) % 2], len(asked))
    context = any(first.questions[i][1] for i in asked)
    shown = ("item", "question", *(("context",) if context else ()), "answer_a", "answer_b")
    return Form(
        kind="pairs",
        columns=(*shown, "choice", "comment", "rater"),
        rows=[_row(first, i, *pair) for i, pair in zip(asked, drawn, strict=True)],
        key=[
            {"question": i, "A": a.name, "B": b.name}
            for i, (a, b) in zip(asked, drawn, strict=True)
        ],
        guide=PAIRS,
        about={
            "seed": seed,
            **_about([first, second]),
            "identical": len(both) - len(differing),
        },
    )


def _row(first: RatingSource, question: str, a: RatingSource, b: RatingSource) -> dict[str, str]:
    text, context = first.questions[question]
    answers = {"answer_a": a.answers[question], "answer_b": b.answers[question]}
    return {"question": text, "context": context, **answers}


def _about(sources: Sequence[RatingSource]) -> dict[str, object]:
    return {"sources": [s.name for s in sources], "labels": {s.name: s.label for s in sources}}
