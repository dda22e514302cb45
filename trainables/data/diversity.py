"""How varied rows are: pure functions of texts, and the report of a data set's training rows."""

from collections import Counter
from collections.abc import Sequence
from statistics import fmean, quantiles
from typing import Any

from trainables.data.duplicates import words_of
from trainables.data.rows import Row

WINDOW = 100  # words of the moving window of `windowed_type_token_ratio`
MOST_TOPICS = 20
# the word that makes a question what it is, looked for from its beginning
ASKS = ("what", "which", "how", "why", "when", "where", "who")
DECIDES = {
    *("is", "are", "was", "were", "do", "does", "did", "can", "could", "should", "would", "will"),
    *("has", "have", "had", "may", "might", "must"),
}


def diversity(rows: Sequence[Row], topics: bool = True) -> dict[str, Any]:
    """The report on rows (at least one); `topics` False leaves out names of subjects.

    Words are casefolded and without punctuation; questions and answers are measured apart.
    """
    questions = [words_of(row.question) for row in rows if row.question]
    answers = [words_of(row.answer) for row in rows]
    report: dict[str, Any] = {
        "repeated_questions": repeated([row.question for row in rows if row.question]),
        "question_types": shares([question_type(row.question) for row in rows if row.question]),
        "question_words": spread([len(words) for words in questions]),
        "answer_words": spread([len(words) for words in answers]),
        "vocabulary": len({word for words in (*questions, *answers) for word in words}),
        "type_token_ratio": windowed_type_token_ratio([w for words in answers for w in words]),
        "distinct_1": distinct(answers, 1),
        "distinct_2": distinct(answers, 2),
    }
    subjects = [row.subject for row in rows if row.subject]
    if topics and subjects:
        report["topics"] = dict(list(shares(subjects).items())[:MOST_TOPICS])
    return report


def repeated(texts: Sequence[str]) -> int:
    """How many texts an earlier one equals, case and white space aside."""
    return len(texts) - len({" ".join(text.casefold().split()) for text in texts})


def question_type(question: str) -> str:
    """What a question's last line asks for: what, which, how, …; `yes/no`; or `other`."""
    asking = next((line for line in question.split("\n")[::-1] if "?" in line), question)
    words = words_of(asking)
    if words and words[0] in DECIDES:
        return "yes/no"
    return next((word for word in words if word in ASKS), "other")


def shares(names: Sequence[str]) -> dict[str, float]:
    """Each name's share of all, 0..1, the most frequent first."""
    return {name: count / len(names) for name, count in Counter(names).most_common()}


def spread(lengths: Sequence[int]) -> dict[str, float]:
    """Mean, median, the 5% and 95% points, and the largest; {} of nothing."""
    if not lengths:
        return {}
    points = quantiles(lengths, n=20, method="inclusive") if len(lengths) > 1 else [*lengths] * 19
    return {
        "mean": fmean(lengths),
        "p5": points[0],
        "median": points[9],
        "p95": points[18],
        "max": float(max(lengths)),
    }


def distinct(texts: Sequence[Sequence[str]], n: int) -> float:
    """Different n-grams over all n-grams, 0..1 (Li et al. 2016, doi:10.18653/v1/N16-1014)."""
    grams = [tuple(words[i : i + n]) for words in texts for i in range(len(words) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def windowed_type_token_ratio(words: Sequence[str], window: int = WINDOW) -> float:
    """Different words over all words, mean over windows moved by one word, 0..1 (MATTR: Covington
    and McFall 2010, doi:10.1080/09296171003643098). Unlike the plain ratio it does not fall with
    the length of the text; of fewer than `window` words it is the plain ratio."""
    if len(words) <= window:
        return len(set(words)) / len(words) if words else 0.0
    inside = Counter(words[:window])
    total = len(inside)
    for leaving, coming in zip(words, words[window:], strict=False):
        inside[coming] += 1
        inside[leaving] -= 1
        if not inside[leaving]:
            del inside[leaving]
        total += len(inside)
    return total / window / (len(words) - window + 1)
