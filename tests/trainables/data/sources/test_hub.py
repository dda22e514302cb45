"""The hub, with fakes at the edge of `datasets` and `huggingface_hub`."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trainables.data.config import DataConfig
from trainables.data.rows import Row
from trainables.data.sources import hub
from trainables.data.sources.source import own_group
from trainables.errors import InputError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "org/flashcards"


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache of the test's own."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path / "datasets--org--flashcards" / "refs"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, known: Path) -> list[Any]:
    """A hub that knows one commit; what it is asked."""
    calls: list[Any] = []

    def dataset_info(self: object, name: str, *, revision: str, timeout: float) -> object:
        calls.append((name, revision))
        return SimpleNamespace(sha=COMMIT, card_data={"license": "cc-by-4.0"})

    def load_dataset(path: str, name: str | None, **options: Any) -> list[dict[str, object]]:
        calls.append((path, name, options))
        return [{"question": "What?", "answer": "That."}, {"question": "Why?", "answer": None}]

    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", dataset_info)
    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    return calls


def fail_with(monkeypatch: pytest.MonkeyPatch, target: str, error: Exception) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(target, failing)


def test_reads_the_split_at_the_commit(asked: list[Any]) -> None:
    config = DataConfig(source=NAME, subset="en", hub_split="validation")
    fingerprint = hub.fingerprint(config, True)
    assert fingerprint == f"hub:{NAME}:en:validation:{COMMIT}"
    found = hub.read(config, fingerprint)
    assert found.rows == [
        Row("0", own_group("What?"), "What?", "That."),
        Row("1", own_group("Why?"), "Why?", ""),
    ]
    assert (found.version, found.licence) == (f"commit {COMMIT}", "cc-by-4.0")
    options = {"revision": COMMIT, "split": "validation", "streaming": False}
    assert asked[:2] == [(NAME, "main"), (NAME, "en", options)]


def test_a_commit_is_not_looked_up(asked: list[Any]) -> None:
    assert hub.fingerprint(DataConfig(source=NAME, revision="f" * 40), True) == (
        f"hub:{NAME}:None:train:{'f' * 40}"
    )
    assert asked == []


def test_offline_the_last_known_commit_is_used(
    known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, "huggingface_hub.HfApi.dataset_info", OSError("unreachable"))
    known.mkdir(parents=True)
    (known / "v2").write_text(COMMIT)
    config = DataConfig(source=NAME, revision="v2")
    assert hub.fingerprint(config, True) == hub.fingerprint(config, False)
    assert hub.fingerprint(config, False) == f"hub:{NAME}:None:train:{COMMIT}"


def test_not_online_asks_nobody(asked: list[Any]) -> None:
    assert hub.fingerprint(DataConfig(source=NAME), False) is None
    assert asked == []


def test_offline_and_never_seen_says_what_to_do(
    known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the real client, at a port where nobody listens
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(
        InputError, match=r"could not be loaded.*offline use a local file"
    ) as caught:
        hub.fingerprint(DataConfig(source=NAME), True)
    assert (caught.value.field, caught.value.value) == ("data.source", NAME)


def refusal(name: str) -> Exception:
    """The hub client's own error of that name."""
    from huggingface_hub import errors

    response = SimpleNamespace(headers={}, request=None, status_code=404)
    error: Exception = getattr(errors, name)("not there", response=response)
    return error


@pytest.mark.parametrize("name", ["RepositoryNotFoundError", "GatedRepoError", "HfHubHTTPError"])
def test_unknown_or_closed_data_set_or_broken_hub(
    name: str, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, "huggingface_hub.HfApi.dataset_info", refusal(name))
    with pytest.raises(InputError, match="not there") as caught:
        hub.fingerprint(DataConfig(source=NAME), True)
    assert caught.value.field == "data.source"


def test_a_closed_data_set_is_not_read_from_an_old_copy(
    known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known.mkdir(parents=True)
    (known / "main").write_text(COMMIT)
    fail_with(monkeypatch, "huggingface_hub.HfApi.dataset_info", refusal("GatedRepoError"))
    with pytest.raises(InputError, match="not there"):
        hub.fingerprint(DataConfig(source=NAME), True)


def test_unknown_revision(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = refusal("RevisionNotFoundError")
    fail_with(monkeypatch, "huggingface_hub.HfApi.dataset_info", error)
    with pytest.raises(InputError, match="no such revision") as caught:
        hub.fingerprint(DataConfig(source=NAME, revision="v9"), True)
    assert caught.value.field == "data.revision"


@pytest.mark.parametrize("error", [ValueError('Unknown split "dev"'), OSError("cut off")])
def test_a_failed_load_is_a_clear_error(
    error: Exception, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, "datasets.load_dataset", error)
    with pytest.raises(InputError, match=str(error)):
        hub.read(DataConfig(source=NAME), f"hub:{NAME}:None:train:{COMMIT}")


def test_missing_column(asked: list[Any]) -> None:
    config = DataConfig.model_validate({"source": NAME, "fields": {"question": "input"}})
    with pytest.raises(InputError, match=r"org/flashcards \(train\), row 0 has no such column"):
        hub.read(config, f"hub:{NAME}:None:train:{COMMIT}")


def test_no_licence_in_the_card_or_no_card(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, "huggingface_hub.HfApi.dataset_info", OSError("unreachable"))
    assert hub.read(DataConfig(source=NAME), f"hub:{NAME}:None:train:{COMMIT}").licence is None


def test_the_real_library_reads_a_folder_of_the_same_layout(tmp_path: Path) -> None:
    """Pins the keywords that the fake above accepts."""
    import datasets

    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "train.jsonl").write_text('{"question": "a", "answer": "b"}\n')
    table = datasets.load_dataset(
        str(tmp_path / "set"),
        None,
        revision=None,
        split="train",
        streaming=False,
        cache_dir=str(tmp_path / "cache"),
    )
    assert list(table) == [{"question": "a", "answer": "b"}]
