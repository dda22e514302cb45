"""A shuffled order of 0 … size - 1 that is looked up, never listed.

A Feistel network (Luby and Rackoff 1988) permutes the numbers of an even count of bits; one that
lands beyond `size` is permuted again until it does not (cycle walking, Black and Rogaway 2002),
which stays a permutation and takes less than four rounds of it on average.
"""

import hashlib

ROUNDS = 6


def shuffled(number: int, size: int, seed: int) -> int:
    """Where `number` (below `size`) goes.

    >>> sorted(shuffled(number, 5, seed=1) for number in range(5))
    [0, 1, 2, 3, 4]
    """
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    while True:
        number = _network(number, half, seed)
        if number < size:
            return number


def _network(number: int, half: int, seed: int) -> int:
    """One pass over a number of 2 × `half` bits."""
    mask = (1 << half) - 1
    left, right = number >> half, number & mask
    for turn in range(ROUNDS):
        text = f"{seed}:{turn}:{right}".encode()
        mixed = int.from_bytes(hashlib.shake_256(text).digest((half + 7) // 8), "big")
        left, right = right, left ^ (mixed & mask)
    return left << half | right
