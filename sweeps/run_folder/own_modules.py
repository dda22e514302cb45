"""Where the reward functions of the user's own come from: modules.json of a run folder."""

from pathlib import Path

from sweeps.run_folder.atomic import write_json
from sweeps.run_folder.plain_files import read_json
from trainables.errors import InputError
from trainables.rewards.own import Origin, changed, origin_of

NAME = "modules.json"


def note_origin(folder: Path, origin: Origin | None) -> None:
    """Keep it in a run folder, which is made where there is none yet."""
    if origin is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / NAME, origin._asdict())


def noted_origin(folder: Path, measured: bool) -> Origin | None:
    """What was kept; None where the run has no rewards of the user's own.

    Modules that changed since are noted anew, but where trials were `measured` with them: rewards
    of two definitions cannot be compared. Raises InputError then.
    """
    found = read_json(folder / NAME)
    origin = Origin(**found) if found else None
    if origin is not None and Path(origin.folder).resolve().is_relative_to(folder.resolve()):
        what = f"{folder / NAME} names modules inside the run folder, which are never run"
        fix = "Begin a new run of the spec, with the modules beside it"
        raise InputError("reward.weights", None, what, fix)
    other = changed(origin) if origin else []
    if origin is None or not other:
        return origin
    if measured or not Path(origin.folder).is_dir():
        what = f"in {origin.folder} is no longer what it was when the run began"
        fix = "Put it back, or begin a new run: what they give cannot be compared"
        raise InputError("reward.weights", None, f"your {', '.join(other)} {what}", fix)
    origin = origin_of(origin.sha256, Path(origin.folder))
    note_origin(folder, origin)
    return origin
