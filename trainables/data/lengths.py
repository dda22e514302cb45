"""At how many tokens rows are cut: those of training, and those that are measured."""

from typing import NamedTuple


class Lengths(NamedTuple):
    """Tokens of a training row and of a validation row at most. `measured` None: as in training."""

    train: int
    measured: int | None = None

    @property
    def validation(self) -> int:
        """Tokens of a validation row at most."""
        return self.train if self.measured is None else self.measured

    @property
    def key(self) -> list[int]:
        """What tells these lengths from others; one number where the two are the same."""
        same = self.validation == self.train
        return [self.train] if same else [self.train, self.validation]

    @property
    def told(self) -> dict[str, dict[str, int]]:
        """What a data report says of them; nothing where the two are the same."""
        if self.validation == self.train:
            return {}
        return {"cut_at": {"train": self.train, "validation": self.validation}}

    def of(self, split: str) -> int:
        """The length of a split: of all but `train` that which is measured."""
        return self.train if split == "train" else self.validation

    def field(self, split: str) -> str:
        """The field of the spec that says the length of a split."""
        own = split == "train" or self.measured is None
        return "training.max_length" if own else "evaluation.max_length"
