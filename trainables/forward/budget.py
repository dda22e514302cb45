"""How much goes into one call of the base model."""

# tokens of one call of the base model in training: packs larger than this make several
MAX_TOKENS = 8192
CPU_TOKENS = 1024  # on a CPU, where more only makes memory that does not stay in its caches
HELD_BYTES = 2 * 2**30  # of keys and values while answers are sampled; more are written in turn
