"""Answers of several trials' policies, sampled and scored in the same calls."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch

from trainables.data.token_rows import TokenRows
from trainables.forward.adapter import PackedAdapter
from trainables.forward.objectives import AnswerLogits, score_pass
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
    """A trial, the rows whose prompts it answers, a key for the noise of each answer, the
    temperature of sampling and the tokens of an answer at most."""

    name: str
    trial: PPOTrial
    rows: TokenRows
    places: Sequence[int]
    keys: Sequence[int]
    temperature: float
    length: int

    @property
    def rollouts(self) -> Rollouts:
        """What `packed_samples` is asked."""
        prompts = [self.rows.prompt(place) for place in self.places]
        return Rollouts(self.trial.adapter, prompts, self.keys, self.temperature)


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
        rows = {a.name: answered_rows(a.rows, a.places, answers[a.name]) for a in asked}
        by_policy = [_part(a, rows[a.name], a.trial.adapter) for a in asked]
        by_reference = [_part(a, rows[a.name], a.trial.reference) for a in asked]
        parts += by_policy
        policy = _read(pack, asked, by_policy, _of_policy)  # (3, tokens) by trial
        reference = _read(pack, asked, by_reference, _of_reference)  # (tokens,) by trial
        learned = _learned(pack, asked, rows)
    written = []
    for a in asked:
        a.trial.spend(seconds[a.name])
        log_p, values, entropy = policy[a.name]  # (tokens,) each
        scored = ScoredAnswers(log_p, reference[a.name], values)
        mean = float(entropy.mean())
        score = learned.get(a.name)
        written.append(Sampled(a, answers[a.name], rows[a.name], scored, mean, score))
    return written


def _answers(pack: Pack, asked: Sequence[Asked]) -> dict[str, list[list[int]]]:
    """Each trial's answers (token ids), by its name; those of one length are written together."""
    alike: dict[int, list[Asked]] = defaultdict(list)
    for a in asked:
        alike[a.length].append(a)
    answers: dict[str, list[list[int]]] = {}
    for length, together in alike.items():
        samples = packed_samples(pack.base, [a.rollouts for a in together], length)
        answers.update({a.name: own for a, own in zip(together, samples, strict=True)})
    return answers


def _part(asked: Asked, rows: TokenRows, adapter: PackedAdapter) -> TrialRows:
    return TrialRows(asked.name, adapter, rows, range(len(rows)))


def _learned(
    pack: Pack, asked: Sequence[Asked], rows: Mapping[str, TokenRows]
) -> dict[str, list[float]]:
    """What each trial's reward model gives its answers, by the trial's name."""
    parts = []
    for a in asked:
        if a.trial.reward_model is not None:
            parts.append(_part(a, rows[a.name], a.trial.reward_model))
    scores = part_scores(pack, parts, pack.max_tokens)  # (answers,) by trial
    return {name: probability(values).tolist() for name, values in scores.items()}


def _of_policy(asked: Asked, seen: AnswerLogits) -> torch.Tensor:
    """(3, tokens): log-probabilities, values and entropies."""
    entropy = seen_entropy(seen, asked.temperature)  # (tokens,)
    values = asked.trial.values(seen.hidden).to(entropy.dtype)  # (tokens,)
    return torch.stack([_of_reference(asked, seen), values, entropy])


def _of_reference(asked: Asked, seen: AnswerLogits) -> torch.Tensor:
    """(tokens,) log-probabilities at the temperature of sampling."""
    return seen.log_probabilities(asked.temperature)


def _read(
    pack: Pack,
    asked: Sequence[Asked],
    parts: Sequence[TrialRows],
    read: Callable[[Asked, AnswerLogits], torch.Tensor],
) -> dict[str, torch.Tensor]:
    """What `read` makes of each trial's answers: (…, tokens), in the order of its rows."""
    of_trial = {a.name: a for a in asked}
    pieces: dict[str, list[torch.Tensor]] = defaultdict(list)
    for chunk in within_budget(parts, pack.max_tokens):
        for part, seen in zip(chunk, score_pass(pack.base.model, chunk), strict=True):
            with torch.no_grad():
                pieces[part.trial].append(read(of_trial[part.trial], seen))
    return {name: torch.cat(own, -1) for name, own in pieces.items()}
