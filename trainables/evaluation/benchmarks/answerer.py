"""Who answers a benchmark's questions: a model in this process."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from trainables.evaluation.benchmarks.answered import Option

if TYPE_CHECKING:
    from trainables.packing.adapter import PackedAdapter

ScoredDone = Callable[[int, tuple[Option, ...]], None]
TextsDone = Callable[[int, tuple[str, ...]], None]


class Question(NamedTuple):
    """A prompt in words, without chat format, and the texts of its options (none: open)."""

    text: str
    options: tuple[str, ...] = ()


class Generation(NamedTuple):
    """How answers are generated: greedy where `samples` is 1, else sampled."""

    max_new_tokens: int
    samples: int = 1
    temperature: float = 0.7
    seed: int = 0


class Answerer(Protocol):
    """Gives each question's answer to `done`, in any order, as soon as it is there."""

    def score(self, questions: Sequence[Question], done: ScoredDone) -> None:
        """The log-likelihood of each option. Raises InputError where there is no such thing."""

    def answer(self, questions: Sequence[Question], how: Generation, done: TextsDone) -> None:
        """Generated answers, `how.samples` a question."""


class LocalModel:
    """A causal language model of transformers, its PEFT adapter included; or the base of a pack
    with that trial's adapter."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        system_prompt: str | None,
        max_batch_tokens: int,
        adapter: "PackedAdapter | None" = None,
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.system_prompt, self.max_batch_tokens = system_prompt, max_batch_tokens
        self.adapter = adapter

    def score(self, questions: Sequence[Question], done: ScoredDone) -> None:
        """As Answerer."""
        from trainables.data.chat import chat_format
        from trainables.evaluation.choices import log_likelihoods
        from trainables.evaluation.encoding import ask, context_length

        chat, longest = chat_format(self.tokenizer, self.system_prompt), context_length(self.model)
        asks = [ask(self.tokenizer, chat, q.text, q.options, longest) for q in questions]

        def scored(i: int, nats: list[float]) -> None:
            lengths = [len(option) for option in asks[i].options]
            sizes = [len(option.encode()) for option in questions[i].options]
            done(i, tuple(map(Option, nats, lengths, sizes)))

        log_likelihoods(self.model, asks, self.max_batch_tokens, scored, self.adapter)

    def answer(self, questions: Sequence[Question], how: Generation, done: TextsDone) -> None:
        """As Answerer. A sample depends on (seed, the batch's questions)."""
        from trainables.evaluation.batches import by_token_budget
        from trainables.evaluation.encoding import context_length, prompt_ids
        from trainables.evaluation.generation import end_tokens

        room = context_length(self.model)
        prompts = [prompt_ids(self.tokenizer, q.text, self.system_prompt) for q in questions]
        if room is not None:
            prompts = [p[-max(1, room - how.max_new_tokens) :] for p in prompts]
        ends = end_tokens(self.model, self.tokenizer)
        lengths, each = [len(p) for p in prompts], max(1, self.max_batch_tokens // how.samples)
        for batch in by_token_budget(lengths, each, how.max_new_tokens):
            self._answer([prompts[i] for i in batch], batch, how, ends, done)

    def _answer(
        self,
        prompts: list[list[int]],
        batch: Sequence[int],
        how: Generation,
        ends: list[int],
        done: TextsDone,
    ) -> None:
        import torch

        from trainables.evaluation.generation import continued
        from trainables.seeds import derived_seed

        sampled = how.samples > 1
        torch.manual_seed(derived_seed("sample", how.seed, str(prompts)))
        repeated = [prompt for prompt in prompts for _ in range(how.samples)]
        with self._adapted():
            found = continued(
                self.model,
                repeated,
                how.max_new_tokens,
                ends,
                int(self.tokenizer.pad_token_id),
                how.temperature if sampled else None,
            )
        texts = [self._text(tokens) for tokens in found]
        for place, i in enumerate(batch):
            done(i, tuple(texts[place * how.samples : (place + 1) * how.samples]))

    def _text(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True)).strip()

    @contextmanager
    def _adapted(self) -> Iterator[None]:
        if self.adapter is None:
            yield
            return
        from trainables.packing.layout import Layout, Share, active

        # one share: the whole of every pass is this trial's
        with active(Layout([Share(self.adapter, 1)])):
            yield
