"""Answers of several trials' policies, sampled and scored in the same calls."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from trainables.data.token_rows import TokenRows
from trainables.forward.adapter import PackedAdapter
from trainables.forward.objectives import AnswerLogits as Seen
from trainables.forward.objectives import score_pass
from trainables.forward.passes import TrialRows, within_budget
from trainables.packing.pack import Pack
from trainables.packing.rollouts import Rollouts, packed_samples
from trainables.ppo.answers import answered_rows
from trainables.ppo.experience import ScoredAnswers
from trainables.ppo.trial import PPOTrial
from trainables.ppo.update import seen_entropy
from trainables.reward_model.head import probability
from trainables.reward_model.packed import part_scores


class Asked(NamedTuple):
    """A trial, the rows whose prompts it answers, and a key for the noise of each answer."""

    name: str
    trial: PPOTrial
    rows: TokenRows
    places: Sequence[int]
    keys: Sequence[int]

    @property
    def rollouts(self) -> Rollouts:
        """What `packed_samples` is asked."""
        prompts = [self.rows.prompt(place) for place in self.places]
        t = self.trial.config.training
        return Rollouts(self.trial.adapter, prompts, self.keys, t.temperature)


class Sampled(NamedTuple):
    """A trial's answers (token ids) and how policy and reference see them."""

    asked: Asked
    answers: list[list[int]]
    rows: TokenRows  # prompts and answers
    scored: ScoredAnswers
    entropy: float  # nats a token, of the policy at its temperature
    learned: list[float] | None  # 0..1 an answer, of the trial's reward model where it has one


def sampled(pack: Pack, asked: Sequence[Asked]) -> list[Sampled]:
    """Sample and score the answers; the time is noted with the trials."""
    if not asked:
        return []
    parts: list[TrialRows] = []  # told to `timed` once they are known
    with pack.timed(parts) as seconds:
        answers = _answers(pack, asked)
        rows = [answered_rows(a.rows, a.places, answers[a.name]) for a in asked]
        policy = [_part(a, own, a.trial.adapter) for a, own in zip(asked, rows, strict=True)]
        reference = [_part(a, own, a.trial.reference) for a, own in zip(asked, rows, strict=True)]
        parts += policy
        own, other = (
            _read(pack, asked, policy, _of_policy),
            _read(pack, asked, reference, _of_reference),
        )
        learned = _learned(pack, asked, rows)
    found = []
    for a, its in zip(asked, rows, strict=True):
        a.trial.spend(seconds[a.name])
        log_p, values, entropy = own[a.name]
        scored = ScoredAnswers(log_p, other[a.name], values)
        mean = float(entropy.mean())
        found.append(Sampled(a, answers[a.name], its, scored, mean, learned.get(a.name)))
    return found


def _answers(pack: Pack, asked: Sequence[Asked]) -> dict[str, list[list[int]]]:
    alike: dict[int, list[Asked]] = defaultdict(list)
    for a in asked:
        alike[a.trial.config.training.response_length].append(a)
    return {
        a.name: answers
        for length, those in alike.items()
        for a, answers in zip(
            those,
            packed_samples(pack.base, [a.rollouts for a in those], length),
            strict=True,
        )
    }


def _part(asked: Asked, rows: TokenRows, adapter: PackedAdapter) -> TrialRows:
    return TrialRows(asked.name, adapter, rows, range(len(rows)))


def _learned(
    pack: Pack, asked: Sequence[Asked], rows: Sequence[TokenRows]
) -> dict[str, list[float]]:
    """What each trial's reward model gives its answers, by the trial's name."""
    parts = [
        _part(a, its, model)
        for a, its in zip(asked, rows, strict=True)
        if (model := a.trial.reward_model) is not None
    ]
    given = part_scores(pack, parts, pack.max_tokens)
    return {name: probability(values).tolist() for name, values in given.items()}


def _of_policy(trial: PPOTrial, seen: Seen) -> torch.Tensor:
    """(3, tokens): log-probabilities, values and entropies."""
    entropy = seen_entropy(seen, trial.config.training.temperature)
    values = trial.values(seen.hidden).to(entropy.dtype)
    return torch.stack([_of_reference(trial, seen), values, entropy])


def _of_reference(trial: PPOTrial, seen: Seen) -> torch.Tensor:
    """(tokens,) log-probabilities at the policy's temperature."""
    return seen.log_probabilities(trial.config.training.temperature)


def _read(
    pack: Pack,
    asked: Sequence[Asked],
    parts: Sequence[TrialRows],
    read: Callable[[PPOTrial, Seen], torch.Tensor],
) -> dict[str, torch.Tensor]:
    """What `read` makes of each trial's answers: (…, tokens), in the order of its rows."""
    trials = {a.name: a.trial for a in asked}
    found: dict[str, list[torch.Tensor]] = defaultdict(list)
    for chunk in within_budget(parts, pack.max_tokens):
        for part, seen in zip(chunk, score_pass(pack.base.model, chunk), strict=True):
            with torch.no_grad():
                found[part.trial].append(read(trials[part.trial], seen))
    return {name: torch.cat(pieces, -1) for name, pieces in found.items()}
