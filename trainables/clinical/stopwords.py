"""English words that carry no content of their own, folded."""

from trainables.clinical.words import folded, words

STOPWORDS = frozenset(
    folded(
        "a about above after again all also am an and any are as at be because been before being "
        "below between both but by can could did do does doing down during each either few for "
        "from further had has have having he her here hers him his how however i if in into is it "
        "its itself just may me might more most must my no nor not now of off on once only or "
        "other our out over own same she should so some such than that the their them then there "
        "therefore these they this those through thus to too under until up very was we were what "
        "when where which while who whom why will with within without would you your yours hence "
        "since first second third next finally step answer question option yes maybe"
    )
)


def content_words(text: str) -> list[str]:
    """The folded words of a text that carry content, in order, repeats kept."""
    return [w.folded for w in words(text) if len(w.folded) > 1 and w.folded not in STOPWORDS]
