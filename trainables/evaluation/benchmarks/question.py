"""What is asked of a model, and how it is to answer."""

from typing import NamedTuple


class Question(NamedTuple):
    """A prompt in words, without chat format, and the texts of its options (none: open); to which
    of the answerer's candidates."""

    text: str
    options: tuple[str, ...] = ()
    candidate: int = 0


class Generation(NamedTuple):
    """How answers are generated: greedy where `samples` is 1, else sampled."""

    max_new_tokens: int
    samples: int = 1
    temperature: float = 0.7
    seed: int = 0
