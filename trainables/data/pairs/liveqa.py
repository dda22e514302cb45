"""LiveQA's scored answers: of two answers to one consumer's question, the higher score is chosen.

Two answers of the same `qid` and of different scores (1 incorrect to 4 excellent) make a pair;
equal scores make none. The consumers' questions are not published with the answers. So each
answer's prompt is the question of the page that it was taken from (the text after 'Question:'
inside the answer), its completion the text after 'Answer:', and the two rows of a pair may have
different prompts: the model sees whether an answer is a good one to its page's question, not
whether the page answers what was asked. Accuracy on these pairs is bounded by that. All pairs of a
`qid` are a group.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations, groupby

from trainables.data.items import Item
from trainables.data.pairs.items import reader
from trainables.data.pairs.pair import PreferencePair


def pairs(items: Iterable[Item]) -> Iterator[PreferencePair]:
    """Every pair of answers with different scores; items without a score make none."""
    scored = sorted((i for i in items if i.score is not None), key=lambda item: item.group)
    for _, answers in groupby(scored, key=lambda item: item.group):
        for one, other in combinations(answers, 2):
            if one.score != other.score:
                ranked = sorted((one, other), key=lambda item: item.score or 0, reverse=True)
                yield _pair(better=ranked[0], worse=ranked[1])


def _pair(better: Item, worse: Item) -> PreferencePair:
    return PreferencePair(
        id=f"{better.id}>{worse.id}",
        group=better.group,
        question=better.question,
        chosen=better.answer,
        rejected=worse.answer,
        rejected_question=worse.question if worse.question != better.question else "",
        benchmark=better.benchmark or worse.benchmark,
    )


READER = reader(pairs, "test")  # the split's published name; no result is reported on it
