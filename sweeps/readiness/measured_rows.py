"""What trials are measured on: one and the same where their training rows differ."""

import hashlib
import json
from typing import TYPE_CHECKING

from trainables.kinds import TrialConfig
from trainables.training.config import SingleTrial

if TYPE_CHECKING:
    from trainables.data.prepared import Prepared
    from trainables.data.token_rows import TokenRows


def measured_key(config: TrialConfig, prepared: "Prepared") -> str:
    """What identifies the rows that a trial is measured on: the data's own key, or where the spec
    holds those rows fixed (`holds_rows`) the rows themselves, whatever the trial learns from."""
    if not any(holds_rows(trial) for trial in config.stage_trials):
        return prepared.key
    parts = [rows_key(prepared.validation)]
    parts += [rows_key(prepared.unseen)] if prepared.unseen else []
    parts += [f"{name}:{rows_key(rows)}" for name, rows in prepared.elsewhere]
    parts += [benchmark.fingerprint for benchmark in prepared.benchmarks]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[: len(prepared.key)]


def holds_rows(trial: SingleTrial) -> bool:
    """Whether a training's validation rows are said apart from its training rows."""
    sections = [trial.data, *(trial.data.mixture or ())]
    own = any(s.split_limit is not None or s.validation is not None for s in sections)
    return own or trial.evaluation.max_length is not None


def rows_key(rows: "TokenRows") -> str:
    """A SHA-256 over the ids, tokens and answers of rows, in their order."""
    found = hashlib.sha256(json.dumps(rows.ids).encode())
    for part in (rows.tokens, rows.offsets, rows.answer_start, rows.answer_bytes):
        found.update(part.astype("int64").tobytes())
    if rows.learnt is not None:
        found.update(rows.learnt.tobytes())
    return found.hexdigest()
