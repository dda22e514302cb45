"""The recipe of docs/rewards.md, as it stands there."""

import re
from pathlib import Path

import pytest

from medsweep.main import run_app
from tests.test_documents import FENCE, _text


def test_the_recipe_of_an_own_reward_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = _text("docs/rewards.md").partition("## Your own reward")[2].partition("\n## ")[0]
    blocks = FENCE.findall(recipe)
    for kind, body in blocks:
        if kind:
            (tmp_path / body.splitlines()[0].removeprefix("# ")).write_text(body)
    lines = [
        f"What is the code number {n} of drug{n * 37}?,Code {n} is drug{n * 37}'s,t{n % 3}"
        for n in range(60)
    ]
    (tmp_path / "questions.csv").write_text("\n".join(["Question,Answer,topic", *lines]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))
    (commands,) = (body for kind, body in blocks if not kind)
    for line in commands.splitlines():
        words = re.split(r"\s+", line.partition("#")[0].strip())
        assert words[0] == "medsweep"
        assert run_app(words[1:]) == 0, capsys.readouterr().out
    assert "reward_topical" in (tmp_path / "runs/my-ppo-trial-1/trials.csv").read_text()
