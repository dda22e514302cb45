"""The written answers, and a reward of one of them."""

import json
from pathlib import Path
from typing import Any

from trainables.rewards.registry import REWARDS

CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "answers.jsonl").read_text("utf-8").splitlines()
]


def columns_of(cases: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """What the data set says of each question, as TRL passes it."""
    return {
        "answer": [case["reference"] for case in cases],
        "context": [case["context"] for case in cases],
        "options": [case.get("options", []) for case in cases],
        "gold": [case.get("gold") for case in cases],
        "unsafe": [case.get("unsafe") for case in cases],
    }


def reward(name: str, case: dict[str, Any], answer: str) -> float:
    (value,) = REWARDS[name]([case["question"]], [answer], **columns_of([case]))
    return value
