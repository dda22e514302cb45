"""Negated terms: the NegEx algorithm (Chapman et al. 2001, doi:10.1006/jbin.2001.1029).

A term is negated by a trigger before it ("no evidence of") or after it ("was ruled out") with at
most five words between, where other recognised terms and the "and", "or", "nor" of a list do not
count. A terminator ("but", "because") or the sentence's end closes the scope, and a pseudo-trigger
("not only", "no change") is none. Triggers are the paper's, and some of plain English.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from trainables.clinical.phrases import Lexicon, Mention
from trainables.clinical.words import sentences, words

WINDOW = 5
TRIGGERS = {  # tried in this order at every place
    "pseudo": "no (?:more|less|longer|fewer) than|not more than|no increase|no change"
    "|no significant change|no doubt|not only|not necessarily"
    "|not just|no further|not certain (?:if|whether)|gram[- ]negative|without difficulty"
    "|not to mention|not be confused with|without (?:treatment|delay|medical help|medical care)"
    "|not (?:stop|ignore|skip|delay)|do(?:es)? not rule out|no cure for|not exclude",
    "after": "(?:was|is|are|were|has been|have been|can be|be) (?:ruled out|excluded|absent"
    "|negative|denied|unlikely|not (?:present|seen|found|likely|observed))|ruled out|unlikely",
    "before": "no (?:evidence|signs?|symptoms?|history|sign or symptom) (?:of|for)|no|not|cannot"
    "|(?:do|does|did|is|are|was|were|ca|wo)n['’]t|without|absence of|den(?:y|ies|ied|ying)"
    "|negative for|free of|never|rules? out|excludes?|nor|neither|unremarkable for",
    "stop": "but|however|nevertheless|yet|except|although|though|aside from|apart from|because"
    "|since|which|who|as a cause of|secondary to|due to|still|other than",
}
MARK = re.compile(
    "|".join(rf"(?P<{kind}>\b(?:{said})\b)" for kind, said in TRIGGERS.items()) + "|(?P<end>;)",
    re.IGNORECASE,
)
LIST_WORDS = frozenset({"and", "or", "nor", "any"})


def polarity(text: str, lexicon: Lexicon) -> dict[str, bool]:
    """Each concept of a text: True where it is affirmed at least once, False where every mention
    is negated."""
    affirmed: dict[str, bool] = {}
    for sentence in sentences(text):
        found = lexicon.find(sentence)
        for mention, negative in zip(found, negated(sentence, found), strict=True):
            affirmed[mention.concept] = affirmed.get(mention.concept, False) or not negative
    return affirmed


def negated(sentence: str, mentions: Sequence[Mention]) -> list[bool]:
    """Whether each mention in one sentence is negated."""
    marks = [
        (str(m.lastgroup), m.start(), m.end())
        for m in MARK.finditer(sentence)
        if not any(n.start <= m.start() < n.end for n in mentions)
    ]
    return [_negated(sentence, mention, mentions, marks) for mention in mentions]


def _negated(
    sentence: str,
    mention: Mention,
    mentions: Sequence[Mention],
    marks: Sequence[tuple[str, int, int]],
) -> bool:
    before = [mark for mark in marks if mark[2] <= mention.start and mark[0] != "after"]
    after = [mark for mark in marks if mark[1] >= mention.end]
    gap = _gap(sentence, mentions)
    if before and before[-1][0] == "before" and gap(before[-1][2], mention.start) <= WINDOW:
        return True
    if not after or after[0][0] != "after":
        return False
    return gap(mention.end, after[0][1]) <= WINDOW


def _gap(sentence: str, mentions: Sequence[Mention]) -> Callable[[int, int], int]:
    """Counts the words between two places that are neither in a mention nor join a list."""

    def count(start: int, end: int) -> int:
        inside = [m for m in mentions if start <= m.start and m.end <= end]
        edges = [start, *(edge for m in inside for edge in (m.start, m.end)), end]
        gaps = [sentence[a:b] for a, b in list(pairwise(edges))[::2]]
        return sum(word.folded not in LIST_WORDS for gap in gaps for word in words(gap))

    return count
