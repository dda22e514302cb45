"""Who answers a benchmark's questions: a model in this process."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from trainables.evaluation.benchmarks.answered import Option
from trainables.evaluation.benchmarks.question import Generation, Question

if TYPE_CHECKING:
    from trainables.data.chat_format import ChatFormat
    from trainables.evaluation.choices import ChoicePrompt
    from trainables.evaluation.generation import TokenPrompt
    from trainables.forward.adapter import PackedAdapter

ScoredDone = Callable[[int, tuple[Option, ...]], None]
TextsDone = Callable[[int, tuple[str, ...]], None]


class Answerer(Protocol):
    """Gives each question's answer to `done`, in any order, as soon as it is there."""

    def score(self, questions: Sequence[Question], done: ScoredDone) -> None:
        """The log-likelihood of each option. Raises InputError where there is no such thing."""

    def answer(self, questions: Sequence[Question], how: Generation, done: TextsDone) -> None:
        """Generated answers, `how.samples` a question."""


@dataclass
class Candidate:
    """Whom questions are asked: a model behind a system prompt, of a packed trial its adapter.
    `tokens` are those asked so far, with room for what it may write: its share of the time."""

    system_prompt: str | None
    adapter: "PackedAdapter | None" = None
    trial: str = ""
    tokens: int = 0


class LocalModel:
    """A causal language model of transformers, its PEFT adapter included; or the base of a pack,
    whose trials are candidates side by side: their questions share its calls."""

    def __init__(
        self, model: Any, tokenizer: Any, candidates: Sequence[Candidate], max_batch_tokens: int
    ) -> None:
        self.model, self.tokenizer, self.candidates = model, tokenizer, candidates
        self.max_batch_tokens = max_batch_tokens

    def score(self, questions: Sequence[Question], done: ScoredDone) -> None:
        """As Answerer."""
        from trainables.data.chat_format import chat_format
        from trainables.evaluation.choices import log_likelihoods

        prompts = {self.candidates[q.candidate].system_prompt for q in questions}
        chats = {prompt: chat_format(self.tokenizer, prompt) for prompt in prompts}
        asks = [self._ask(question, chats) for question in questions]

        def scored(i: int, nats: list[float]) -> None:
            lengths = [len(option) for option in asks[i].options]
            sizes = [len(option.encode()) for option in questions[i].options]
            done(i, tuple(map(Option, nats, lengths, sizes)))

        log_likelihoods(self.model, asks, self.max_batch_tokens, scored)

    def answer(self, questions: Sequence[Question], how: Generation, done: TextsDone) -> None:
        """As Answerer. A sample depends on the seed, the question and its number alone."""
        from trainables.evaluation.generation import texts_after

        asked = [prompt for question in questions for prompt in self._prompts(question, how)]
        texts: list[list[str]] = [[] for _ in questions]

        def written(i: int, text: str) -> None:
            samples = texts[i // how.samples]
            samples.append(text)
            if len(samples) == how.samples:
                done(i // how.samples, tuple(samples))

        temperature = how.temperature if how.samples > 1 else None
        texts_after(
            self.model,
            self.tokenizer,
            asked,
            how.max_new_tokens,
            self.max_batch_tokens,
            temperature,
            written,
        )

    def _ask(self, question: Question, chats: "Mapping[str | None, ChatFormat]") -> "ChoicePrompt":
        from trainables.evaluation.encoding import ask, context_length

        whom, longest = self.candidates[question.candidate], context_length(self.model)
        chat = chats[whom.system_prompt]
        asked = ask(self.tokenizer, chat, question.text, question.options, longest)
        whom.tokens += len(asked.tokens)
        return asked._replace(adapter=whom.adapter)

    def _prompts(self, question: Question, how: Generation) -> "list[TokenPrompt]":
        """One for each of its samples."""
        from trainables.evaluation.encoding import context_length, prompt_ids
        from trainables.evaluation.generation import TokenPrompt
        from trainables.seeds import derived_seed

        whom, room = self.candidates[question.candidate], context_length(self.model)
        ids = prompt_ids(self.tokenizer, question.text, whom.system_prompt)
        if room is not None:
            ids = ids[-max(1, room - how.max_new_tokens) :]
        whom.tokens += how.samples * (len(ids) + how.max_new_tokens)
        seeds = (derived_seed("sample", how.seed, question.text, n) for n in range(how.samples))
        return [TokenPrompt(ids, whom.adapter, seed % 2**32) for seed in seeds]
