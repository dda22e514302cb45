"""The user's own reward functions: where they are imported from, and whether they can be called.

The folder of the spec is on the path, behind everything installed, wherever a reward is imported:
in `plan`, in `trial`, and in each process of a sweep, which learns of it by a variable of the
environment. A name that stands for another file there is an error, never that other file.
"""

import hashlib
import importlib
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, NamedTuple

from trainables.data.about import COLUMNS
from trainables.errors import InputError
from trainables.rewards.answers import Reward
from trainables.rewards.own_calls import called, place_in, told

VARIABLE = "MEDSWEEP_MODULES"
FIELD = "reward.weights"
SIGNATURE = "Write `def {name}(prompts, completions, **columns)`"
_on_path: list[str] = []  # the folder that this process has put on its path
_imported: set[str] = set()  # modules that came with it


class Origin(NamedTuple):
    """The folder that own rewards are imported from, and the SHA-256 of each of their modules that
    lies there."""

    folder: str
    sha256: dict[str, str]


def origin_of(places: Iterable[str], folder: Path) -> Origin:
    """The origin of the rewards MODULE:FUNCTION of a spec in this folder."""
    modules = sorted({place.partition(":")[0] for place in places})
    files = {name: _file_in(name, folder.resolve()) for name in modules}
    return Origin(str(folder.resolve()), {n: _sha256(f) for n, f in files.items() if f is not None})


def use(origin: Origin | None) -> None:
    """Import own rewards from there, in this process and in those that it starts; anew, where they
    were imported before. None: from what is installed."""
    for name in _imported:
        sys.modules.pop(name, None)
    _imported.clear()
    os.environ.pop(VARIABLE, None)
    if origin is not None:
        os.environ[VARIABLE] = written(origin)


def current() -> Origin | None:
    """What `use` was told last; None where the sweep at hand has no rewards of the user's own."""
    given = os.environ.get(VARIABLE)
    return Origin(**json.loads(given)) if given else None


def written(origin: Origin) -> str:
    """An origin as the value of the variable."""
    return json.dumps(origin._asdict())


def changed(origin: Origin) -> list[str]:
    """The modules that are no longer there as they were."""
    now = origin_of(origin.sha256, Path(origin.folder)).sha256
    return [name for name, sha256 in origin.sha256.items() if now.get(name) != sha256]


def own_reward(place: str) -> Reward:
    """The function MODULE:FUNCTION, held to what a reward promises. Raises InputError where it is
    not there, or does not take what a reward is given."""
    return partial(called, function_named(place), place)


def function_named(place: str) -> Callable[..., Any]:
    """The function as the user wrote it. Raises InputError."""
    module, _, name = place.partition(":")
    found = getattr(_module(place, module), name, None)
    if found is None:
        raise InputError(FIELD, place, f"{module} has no function {name}", "Correct the name")
    if not callable(found):
        raise InputError(FIELD, place, "is not a function", SIGNATURE.format(name=name))
    _check_signature(place, found)
    return found  # type: ignore[no-any-return]


def _module(place: str, module: str) -> Any:
    origin = current()
    folder = _found(Path(origin.folder)) if origin else None
    _reach(folder)
    known = set(sys.modules)
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise _absent(place, module, folder) from error
        raise _broken(place, module, error) from error
    except Exception as error:
        raise _broken(place, module, error) from error
    finally:
        if folder is not None:
            _imported.update(n for n in set(sys.modules) - known if _lies_in(n, folder))
    if folder is not None and origin is not None:
        _check_file(place, module, folder, origin.sha256.get(module))
    return found


def _found(folder: Path) -> Path:
    """The folder itself. On another machine it is relative to the working directory that Ray made
    of what travelled: that is on the path, and Ray Tune's workers have left it for one each."""
    if folder.is_absolute():
        return folder
    places = (Path(place) / folder for place in sys.path if place)
    return next((place.absolute() for place in places if place.is_dir()), folder.absolute())


def _reach(folder: Path | None) -> None:
    """Have this folder, and no earlier one, at the end of the path."""
    for earlier in _on_path:
        if earlier in sys.path:
            sys.path.remove(earlier)
    _on_path.clear()
    importlib.invalidate_caches()
    if folder is not None and str(folder) not in sys.path:
        sys.path.append(str(folder))
        _on_path.append(str(folder))


def _absent(place: str, module: str, folder: Path | None) -> InputError:
    where = f"{folder}, where the spec is, " if folder else "the path "
    what = f"there is no module {module}: {where}has none, and none is installed"
    fix = f"Put {module.replace('.', '/')}.py beside the spec, or correct the name"
    return InputError(FIELD, place, what, fix)


def _broken(place: str, module: str, error: Exception) -> InputError:
    what = f"your module {module} cannot be imported: {told(error)}{place_in(error)}"
    return InputError(FIELD, place, what, "Mend it")


def _check_file(place: str, module: str, folder: Path, sha256: str | None) -> None:
    """Refuse another file than the one beside the spec, and one that changed since."""
    own = _file_in(module, folder)
    if own is None:
        if sha256 is not None:
            raise _changed(place, module, folder)
        return  # installed
    file = getattr(sys.modules[module], "__file__", None)
    if file is None or not own.samefile(file):
        what = f"{own} lies beside the spec, but {module} is the name of another module "
        raise InputError(FIELD, place, f"{what}here ({file or 'built in'})", "Rename yours")
    if sha256 is not None and _sha256(own) != sha256:
        raise _changed(place, module, folder)


def _changed(place: str, module: str, folder: Path) -> InputError:
    what = f"{module} in {folder} is no longer what it was when the run began"
    return InputError(FIELD, place, what, "Put it back, or begin a new run")


def _check_signature(place: str, function: Callable[..., Any]) -> None:
    """A column's name that nobody has thought of must be taken, and no column be missed that only
    the data can tell."""
    try:
        signature = inspect.signature(function)
        signature.bind_partial([], [], **dict.fromkeys([*COLUMNS, "answer", "a_column_of_yours"]))
    except TypeError as error:
        fix = SIGNATURE.format(name=place.partition(":")[2])
        raise InputError(FIELD, place, f"cannot be called as a reward: {error}", fix) from None
    except ValueError:  # a function without a signature, of C
        return


def _file_in(module: str, folder: Path) -> Path | None:
    """The file of a module in this folder, without importing it."""
    path = [str(folder)]
    names = module.split(".")
    for depth in range(len(names)):
        found = PathFinder.find_spec(".".join(names[: depth + 1]), path)
        if found is None:
            return None
        path = list(found.submodule_search_locations or ())
    return Path(found.origin) if found and found.origin else None


def _lies_in(name: str, folder: Path) -> bool:
    file = getattr(sys.modules.get(name), "__file__", None)
    return bool(file) and Path(str(file)).resolve().is_relative_to(folder.resolve())


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
