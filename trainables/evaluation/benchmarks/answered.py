"""What a model made of one item: log-likelihoods of its options, generated answers, or both."""

from typing import NamedTuple

from trainables.data.instructions.extractive import UNANSWERABLE
from trainables.data.items import Item
from trainables.evaluation.consistency import Vote, majority
from trainables.evaluation.extraction import chosen_option, conclusion
from trainables.evaluation.probability_calibration import softmax


class Option(NamedTuple):
    """An option as it was scored: ln P of its text in nats, and its length."""

    nats: float
    tokens: int
    text_bytes: int  # UTF-8, without the space that joins it to the prompt


class AnsweredItem(NamedTuple):
    """An item and the model's answer; `options` is empty where no likelihood was asked for,
    `texts` where nothing was generated (several: samples)."""

    item: Item
    options: tuple[Option, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def probabilities(self) -> list[float]:
        """Of the options, summing to 1, from their whole log-likelihoods."""
        return softmax([option.nats for option in self.options])

    @property
    def likeliest(self) -> int:
        """The option with the highest log-likelihood; ties take the first."""
        return _best([option.nats for option in self.options])

    @property
    def likeliest_per_byte(self) -> int:
        """The option with the highest log-likelihood a byte: what lm-evaluation-harness calls
        acc_norm (there: characters, the same for ASCII) and acc_bytes."""
        return _best([option.nats / max(1, option.text_bytes) for option in self.options])

    @property
    def likeliest_per_token(self) -> int:
        """The option with the highest log-likelihood a token."""
        return _best([option.nats / option.tokens for option in self.options])

    @property
    def vote(self) -> Vote:
        """The option that the generated answers choose, by majority where there are several."""
        return majority([chosen_option(text, self.item.options) for text in self.texts])

    @property
    def text(self) -> str:
        """The generated answer; of several samples, the first that chose what most chose."""
        if self.item.options and len(self.texts) > 1:
            most = self.vote.option
            for text in self.texts:
                if most is not None and chosen_option(text, self.item.options) == most:
                    return text
        return self.texts[0] if self.texts else ""

    @property
    def references(self) -> tuple[str, ...]:
        """All accepted answers in words; of a question that the passage does not answer, that
        word, or nothing."""
        if self.item.kind == UNANSWERABLE:
            return UNANSWERABLE, ""
        return self.item.answers or (self.item.answer,)

    @property
    def accepted(self) -> tuple[str, ...]:
        """The references, and of a closed question the words of its right option."""
        gold = self.item.gold
        return self.references if gold is None else (*self.references, self.item.options[gold])

    @property
    def concluded(self) -> str:
        """The answer; of a closed question what it says at last."""
        return conclusion(self.text) if self.item.options else self.text


def _best(scores: list[float]) -> int:
    return max(range(len(scores)), key=scores.__getitem__)
