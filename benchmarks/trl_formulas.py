"""TRL 1.12's formulas of PPO on random numbers, for a test that ours give the same.

The formulas stand in the middle of `PPOTrainer.train`, so their lines are taken from its source and
run as they are. Only in TRL 1.12's environment (see `benchmarks.ppo_toy_trl`):

    trl112/bin/python -m benchmarks.trl_formulas tests/trainables/ppo/trl_formulas.json

TRL gives an answer that ended early one state more, after its end token, where it puts the score.
With gamma 1 and the score for that state's value the two accounts are one; `ended` has such
answers, `full` only answers as long as can be.
"""

import inspect
import json
import sys
import textwrap
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

ANSWERS, TOKENS, VOCABULARY = 6, 5, 7
SETTINGS = {
    "full": {"kl_coef": 0.07, "gamma": 0.97, "lam": 0.9, "kl_estimator": "k1"},
    "whitened": {
        "kl_coef": 0.2, "gamma": 0.9, "lam": 0.95, "kl_estimator": "k3", "whiten_rewards": True,
    },
    "ended": {"kl_coef": 0.1, "gamma": 1.0, "lam": 0.8, "kl_estimator": "k3"},
}  # fmt: skip
LOSS = {"cliprange": 0.2, "cliprange_value": 0.15, "vf_coef": 0.3, "temperature": 0.8}


def between(first: str, last: str) -> str:
    """The lines of TRL's train from the one that has `first` to the one that has `last`."""
    from trl.experimental.ppo import PPOTrainer

    lines = inspect.getsource(PPOTrainer.train).splitlines()
    start = next(n for n, line in enumerate(lines) if first in line)
    end = next(n for n, line in enumerate(lines) if n > start and last in line)
    return textwrap.dedent("\n".join(lines[start : end + 1]))


def case(settings: dict[str, Any], seed: int) -> dict[str, Any]:
    """The numbers given, and what TRL makes of them."""
    import trl.experimental.ppo.ppo_trainer as trl

    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    lengths = torch.full((ANSWERS,), TOKENS)
    if settings["gamma"] == 1:
        lengths = torch.randint(1, TOKENS + 1, (ANSWERS,), generator=generator)
    logits, tokens = normal(ANSWERS, TOKENS, VOCABULARY), torch.randint(
        0, VOCABULARY, (ANSWERS, TOKENS), generator=generator
    )  # fmt: skip
    given = {
        "scores": normal(ANSWERS),
        "logprobs": -normal(ANSWERS, TOKENS).abs(),
        "ref_logprobs": -normal(ANSWERS, TOKENS).abs(),
        "values": normal(ANSWERS, TOKENS),
        "new_values": normal(ANSWERS, TOKENS),
        "logits": logits,
    }
    names = {name: x.clone() for name, x in given.items()} | {
        "torch": torch,
        "args": SimpleNamespace(**{"whiten_rewards": False, **settings, **LOSS}),
        "responses": tokens,
        "sequence_lengths": lengths - 1,  # TRL's: the last token's place
        "INVALID_LOGPROB": trl.INVALID_LOGPROB,
        "masked_whiten": trl.masked_whiten,
        "masked_mean": trl.masked_mean,
        "empty_cache": lambda: None,
    }
    after = lengths < TOKENS  # the state after the end is worth the score
    names["values"][after, lengths[after]] = given["scores"][after]
    exec(between("response_idxs = torch.arange", "empty_cache()"), names)
    names |= {
        "mb_advantage": names["advantages"],
        "mb_logprobs": names["logprobs"],
        "mb_values": names["values"],
        "mb_return": names["returns"],
        "vpred": names["new_values"],
        "micro_batch_inds": slice(None),
    }
    names["logits"] /= LOSS["temperature"] + 1e-7
    names["new_logprobs"] = names["logits"].log_softmax(-1).gather(2, tokens[..., None])[..., 0]
    names["mb_logprobs"] = names["new_logprobs"].detach() + 0.3 * normal(ANSWERS, TOKENS)
    given |= {"old_logprobs": names["mb_logprobs"], "new_logprobs": names["new_logprobs"]}
    exec(between("vpredclipped = torch.clamp(", "loss = pg_loss + args.vf_coef * vf_loss"), names)
    exec(between("pg_clipfrac = masked_mean(", "entropy = torch.logsumexp"), names)
    wanted = ("kl", "rewards", "advantages", "returns", "pg_loss", "vf_loss", "loss")
    watched = ("pg_clipfrac", "vf_clipfrac", "entropy")
    found = {name: names[name].tolist() for name in (*wanted, *watched)}
    inputs = {name: x.tolist() for name, x in given.items()}
    return {
        "settings": {**settings, **LOSS},
        "given": {**inputs, "lengths": lengths.tolist(), "tokens": tokens.tolist()},
        "found": found,
    }


def main() -> None:
    """Write the file named."""
    cases = {name: case(settings, seed) for seed, (name, settings) in enumerate(SETTINGS.items())}
    about = {"trl": version("trl"), "made_by": "benchmarks/trl_formulas.py"}
    Path(sys.argv[1]).write_text(json.dumps({**about, "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
