"""Text that many rows share: a preamble, a closing, a template's frame around what a row says.

A frame is a run of FRAME_WORDS words or more that many rows hold (5%, of large data 50) and before
or after which they go on differently: no word that stands there is in more than two thirds of them,
and half as many rows as make the run common have another one. So a template ends where its slot, or
one of several kinds of question, begins, while copies of one text, of which each differs somewhere
else, have no such place and stay copies. A run from a row's first word to its last is no frame.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FRAME_WORDS = 14  # fewer do not bring two rows to 0.85: at most 11 of 13 3-grams are shared
COMMON_SHARE, COMMON_ROWS, MANY_ROWS = 0.05, 5, 50  # of the rows; at least, and enough at most
OUTSIDE = 0  # stands for what is before the first and after the last word of a row
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
EDGE = 0.5  # others than the most usual word, as a share of its count: it is in 2 of 3 at most

Numbers = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Flags = NDArray[np.bool_]


class Parted(NamedTuple):
    """The words of a text that are in no frame, and those that are, in order."""

    rest: Sequence[str]
    frame: Sequence[str]


def parted(texts: Sequence[Sequence[str]]) -> list[Parted]:
    """Each text, as words, in what it says itself and what it shares with many others.

    A text that holds nothing else keeps all its words. Frames do not depend on the texts' order.
    Takes seconds for 100,000 texts.

    >>> preamble = "You are a pharmacist who sits on a ward and answer in one sentence: what is"
    >>> drugs = ["Velamol", "Koramol", "Zanamol", "Mipamol", "Troamol", "Laxamol"]
    >>> [" ".join(text.rest) for text in parted([[*preamble.split(), drug] for drug in drugs])]
    ['Velamol', 'Koramol', 'Zanamol', 'Mipamol', 'Troamol', 'Laxamol']
    """
    least = max(COMMON_ROWS, min(MANY_ROWS, COMMON_SHARE * len(texts)))
    places = _places(texts)
    found = [Parted(words, ()) for words in texts]
    inside = np.isin(places.windows, _frame_windows(places, least))
    for row in np.unique(places.rows[inside]):
        first, last = np.searchsorted(places.rows, [row, row + 1])
        apart = _parted(texts[row], inside[first:last])
        if apart.rest:
            found[row] = apart
    return found


class _Places(NamedTuple):
    """Every window of FRAME_WORDS words of every text, in order of texts and windows."""

    rows: Numbers  # the text that it is in
    windows: Hashes
    before: Numbers  # the word on its left, as a number
    after: Numbers

    def at(self, chosen: Flags | Numbers) -> "_Places":
        """Some of them."""
        return _Places(
            self.rows[chosen], self.windows[chosen], self.before[chosen], self.after[chosen]
        )


def _places(texts: Sequence[Sequence[str]]) -> _Places:
    numbers: dict[str, int] = {}
    flat, starts, rows = [OUTSIDE], [], []
    for row, text in enumerate(texts):
        count = len(text) - FRAME_WORDS + 1
        if count > 0:
            starts.append(np.arange(len(flat), len(flat) + count))
            rows.append(np.full(count, row))
            flat += [numbers.setdefault(word, len(numbers) + 1) for word in text]
            flat.append(OUTSIDE)
    words, none = np.array(flat, np.int64), np.zeros(0, np.int64)
    at = np.concatenate([none, *starts])
    after = words[at + FRAME_WORDS] if len(at) else none
    return _Places(np.concatenate([none, *rows]), _hashes(words, at), words[at - 1], after)


def _hashes(words: Numbers, at: Numbers) -> Hashes:
    """A number for the FRAME_WORDS words from each place on; equal ones for equal words."""
    found = np.zeros(len(at), np.uint64)
    for offset in range(FRAME_WORDS):
        found = (found ^ words[at + offset].astype(np.uint64)) * MULTIPLIER
        found ^= found >> np.uint64(29)
    return found


def _frame_windows(places: _Places, least: float) -> Hashes:
    """The windows of all frames: in each run of common ones those from where it may begin to where
    rows part, and from where they part to where it may end."""
    chosen = np.flatnonzero(_common(places, least))
    common = places.at(chosen)
    opens = _parts(common.windows, common.before, least)
    closes = _parts(common.windows, common.after, least)
    begins, ends = opens | (common.before == OUTSIDE), closes | (common.after == OUTSIDE)
    new = (np.diff(chosen, prepend=-2) != 1) | (np.diff(common.rows, prepend=-1) != 0)
    runs = np.append(np.flatnonzero(new), len(chosen)).tolist()
    inside = np.zeros(len(chosen), np.bool_)
    for first, last in pairwise(runs):
        run = slice(first, last)
        for starts, stops in ((begins[run], closes[run]), (opens[run], ends[run])):
            if starts.any() and stops.any():
                stop = len(stops) - int(stops[::-1].argmax())
                inside[first + int(starts.argmax()) : first + stop] = True
    return np.unique(common.windows[inside])


def _common(places: _Places, least: float) -> Flags:
    """Of each window, whether so many rows hold it."""
    in_order = places.at(np.lexsort((places.rows, places.windows)))
    again = np.diff(in_order.rows, prepend=-1) == 0
    again &= np.diff(in_order.windows, prepend=np.uint64(0)) == 0
    windows, counts = np.unique(in_order.windows[~again], return_counts=True)
    return np.isin(places.windows, windows[counts >= least])


def _parts(windows: Hashes, beside: Numbers, least: float) -> Flags:
    """Of each window, whether enough of its places (EDGE), and half of so many, have another word
    beside it than the most usual one: below a template there may be two kinds of question."""
    order = np.lexsort((beside, windows))
    windows_, beside_ = windows[order], beside[order]
    new_window = np.diff(windows_, prepend=np.uint64(0)) != 0
    new_window[:1] = True
    new = np.flatnonzero(new_window | (np.diff(beside_, prepend=-1) != 0))
    counts = np.diff(new, append=len(order))
    first = np.flatnonzero(new_window[new])
    if not len(first):
        return np.zeros(0, np.bool_)
    usual = np.maximum.reduceat(counts, first)
    others = np.add.reduceat(counts, first) - usual
    return np.isin(windows, windows_[new][first][(2 * others >= least) & (others >= EDGE * usual)])


def _parted(words: Sequence[str], in_frame: Flags) -> Parted:
    covered = [False] * len(words)
    for place in np.flatnonzero(in_frame).tolist():
        covered[place : place + FRAME_WORDS] = [True] * FRAME_WORDS
    both = list(zip(words, covered, strict=True))
    return Parted([w for w, inside in both if not inside], [w for w, inside in both if inside])
