"""From `model.name_or_path` to a local folder in transformers' layout (config, safetensors)."""

import re
from pathlib import Path

from trainables.cache import cache_dir
from trainables.errors import InputError
from trainables.models.config import ModelConfig
from trainables.models.header import tensor_shapes
from trainables.models.toy import make_toy
from trainables.on_progress import OnProgress, silent

UNFINISHED = (".incomplete", ".part", ".partial", ".aria2", ".crdownload", ".tmp")


def cached_folder(config: ModelConfig) -> Path | None:
    """The model's folder where it is at hand without a download or conversion, else None."""
    name = config.name_or_path
    if name == "toy:llama" or Path(name).is_dir():
        return resolve(config)
    if name.startswith("pypi:"):
        from trainables.models.wheel import converted_folder

        folder = converted_folder(name)
        return folder if (folder / "config.json").is_file() else None
    if _is_hub_name(name):
        from trainables.models.hub import cached

        return cached(name, config.revision)
    return resolve(config)


def resolve(config: ModelConfig, progress: OnProgress = silent) -> Path:
    """The model's folder, downloaded or converted where needed; InputError where impossible."""
    name = config.name_or_path
    if name == "toy:llama":
        return make_toy(cache_dir() / "models" / "toy-llama-1")
    if name.startswith("pypi:"):
        from trainables.models.wheel import convert

        return convert(name, progress)
    if Path(name).is_dir():
        return _checked(Path(name).resolve(), name)
    if not _is_hub_name(name):
        raise InputError(
            "model.name_or_path",
            name,
            "is neither a folder nor a hub name",
            "give an existing folder, `organisation/name`, a pinned `pypi:` file or `toy:llama`",
        )
    from trainables.models.hub import download

    progress(f"model: {name} from the hub")
    return _checked(download(name, config.revision), name)


def _is_hub_name(name: str) -> bool:
    return re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", name) is not None


def _checked(folder: Path, name: str) -> Path:
    if not (folder / "config.json").is_file():
        raise InputError(
            "model.name_or_path", name, "has no config.json", "give a model saved by transformers"
        )
    if not any(folder.glob("*.safetensors")):
        raise InputError("model.name_or_path", name, *_without_weights(folder))
    try:
        tensor_shapes(folder)
    except (OSError, ValueError) as error:
        message = str(error).replace(f"{folder}/", "")
        fix = "Fetch the model again, whole: the file is cut off, or a pointer of Git LFS."
        raise InputError("model.name_or_path", name, message, fix) from None
    return folder


def _without_weights(folder: Path) -> tuple[str, str]:
    """What a folder without weights has instead, and the fix."""
    for ending in UNFINISHED:
        if half := next(folder.glob(f"*{ending}"), None):
            return f"is half a download ({half.name})", "Fetch the model again, whole"
    return (
        "has no .safetensors file (pickled weights run code when read: medsweep refuses them)",
        "save it again with `save_pretrained`",
    )
