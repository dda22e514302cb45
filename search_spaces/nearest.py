"""The name that was probably meant: suggestions for misspelt fields, paths, metrics and presets."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from search_spaces.foreign_names import our_name

FILLERS = frozenset({"num", "n", "number", "of", "the", "train", "training", "per"})


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `name`, or None if nothing is alike.

    Dotted paths are compared whole first, then by their last part, so that both
    `training.learning_rat` and `learning_rate` find `training.learning_rate`.
    """
    known = list(candidates)
    last = name.rpartition(".")[2]
    by_last = {path.rpartition(".")[2]: path for path in reversed(known)}
    if last in by_last and last != name:
        return _sibling(name, last, known) or by_last[last]
    alias = our_name(last)
    if alias in by_last:
        return _sibling(name, alias, known) or by_last[alias]
    whole = _close(name, known)
    # a section in common makes no two names alike: training.kl_coef is not training.seed
    if whole is not None and _close(last, [whole.rpartition(".")[2]]):
        return whole
    return by_last.get(_close(last, by_last) or "")


def _sibling(name: str, last: str, known: list[str]) -> str | None:
    """The candidate with this last part in the same section as `name`, if there is one."""
    path = f"{name.rpartition('.')[0]}.{last}".lstrip(".")
    return path if path in known else None


def _close(name: str, known: Iterable[str]) -> str | None:
    """difflib's best match above 0.6, without regard to case, if it is the same in other letters:
    `min_new_tokens` is not a misspelt `max_new_tokens`."""
    folded = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(name.lower(), folded, n=3, cutoff=0.6)
    return next((folded[match] for match in found if _misspelt(name.lower(), match)), None)


def _misspelt(name: str, candidate: str) -> bool:
    """Whether each word of a name is one of the candidate's, but for letters and fillers."""
    of_name, of_candidate = (re.split(r"[\W_]+", text) for text in (name, candidate))
    if "".join(of_name) == "".join(of_candidate) or min(len(of_name), len(of_candidate)) < 2:
        return True
    own = [word for word in of_name if word not in FILLERS]
    return all(get_close_matches(word, of_candidate, n=1, cutoff=0.7) for word in own)


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """A fix that names the nearest candidate, or None."""
    found = nearest(name, candidates)
    return f"Did you mean `{found}`?" if found else None
