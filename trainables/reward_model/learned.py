"""Reward `reward_model`, as a function of texts: what a reward model thinks of answers.

Definition. sigmoid(score), 0..1: by the model, the probability that the answer beats an average
one (centred scores: see docs/reward-models.md). The score is that of the prompt and the answer,
with its end-of-turn mark, in the base's chat format.

Failure cases. It knows what its pairs taught: read its accuracy on unseen sources. A policy that
learns from it long enough finds what it overrates. An answer that was cut off is scored as if it
had ended, since a text does not tell.

Examples. With a model trained on definitions, the finding's own definition is above 0.5 and a
sibling's below. An empty answer is 0.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from trainables.data.chat_format import encode_many
from trainables.data.rows import Row
from trainables.data.token_rows import TokenRows, token_rows
from trainables.forward.adapter import PackedAdapter, saved_adapter
from trainables.forward.lora import attach
from trainables.forward.passes import TrialRows, within_budget
from trainables.forward.states import state_pass
from trainables.models.load import Base
from trainables.reward_model.head import HEAD, probability, scores
from trainables.rewards.answers import ChatPrompt, answer_text, question_text
from trainables.saved import SavedAdapter

LONGEST = 1 << 20  # tokens: answers are scored whole


class LearnedReward:
    """A reward model on a base that is in memory, as TRL calls a reward.

    `bare` gives a context in which the base computes without the policy's own adapter (PEFT's
    `model.disable_adapter`). Nothing of the base is changed between two calls.
    """

    def __init__(
        self,
        base: Base,
        saved: SavedAdapter,
        system_prompt: str | None = None,
        max_batch_tokens: int = 4096,
        bare: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        self.base, self.system_prompt, self.bare = base, system_prompt, bare
        self.max_batch_tokens = max_batch_tokens
        self.adapter = saved_adapter(base, saved, heads=(HEAD,))

    def __call__(
        self, prompts: Sequence[ChatPrompt], completions: Sequence[ChatPrompt], **_: Any
    ) -> list[float]:
        """(n,) in 0..1, 0 for an empty answer."""
        asked = zip(prompts, completions, strict=True)
        pairs = [(question_text(prompt), answer_text(answer)) for prompt, answer in asked]
        places = [n for n, (_, answer) in enumerate(pairs) if answer]
        values = [0.0] * len(pairs)
        if places:
            rows = _rows(self.base, [pairs[n] for n in places], self.system_prompt)
            for n, value in zip(places, self.score(rows), strict=True):
                values[n] = value
        return values

    def score(self, rows: TokenRows) -> list[float]:
        """(n,) sigmoid(score) of each row's prompt and answer, 0..1."""
        return [value for part in self._scores(rows) for value in probability(part).tolist()]

    def raw(self, rows: TokenRows) -> list[float]:
        """(n,) the scores themselves."""
        return [value for part in self._scores(rows) for value in part.tolist()]

    def _scores(self, rows: TokenRows) -> Iterator[torch.Tensor]:
        whole = TrialRows("", self.adapter, rows, range(len(rows)))
        head = self.adapter.heads[HEAD].detach()
        with self.bare(), _attached(self.base.model, self.adapter):
            for chunk in within_budget([whole], self.max_batch_tokens):
                for states in state_pass(self.base.model, chunk):
                    yield scores(states, head)


def _rows(base: Base, pairs: Sequence[tuple[str, str]], system_prompt: str | None) -> TokenRows:
    encoded = encode_many(base.tokenizer, pairs, system_prompt, LONGEST)
    kept = [item for item in encoded if item is not None]  # all: none is as long as that
    rows = [Row(str(n), "", question, answer) for n, (question, answer) in enumerate(pairs)]
    return token_rows(rows, kept)


@contextmanager
def _attached(model: Any, adapter: PackedAdapter) -> Iterator[None]:
    """The base in evaluation mode, with hooks for the adapter; afterwards as it was."""
    hooks = [attach(model.get_submodule(path), path) for path in adapter.sites]
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
