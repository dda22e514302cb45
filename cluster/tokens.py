"""Ray's authentication token: always on, and readable by its owner only."""

import os
import secrets
import stat
from pathlib import Path

TOKEN_VARIABLES = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


def require_tokens() -> None:
    """Turn token authentication on (and usage reports off) in this process and its children."""
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray reads its settings once, when it is imported: it may have been already
    from ray._raylet import Config  # type: ignore[attr-defined]

    Config.initialize("")


def default_token_path() -> Path:
    """Where Ray itself looks for the token."""
    return Path.home() / ".ray" / "auth_token"


def has_token() -> bool:
    """Whether a token is at hand, by Ray's own rules."""
    if os.environ.get("RAY_AUTH_TOKEN"):
        return True
    path = os.environ.get("RAY_AUTH_TOKEN_PATH")
    file = Path(path) if path else default_token_path()
    try:
        return bool(file.read_text().strip())
    except OSError:
        return False


def ensure_private_token(fallback: Path) -> None:
    """Make sure that a token exists which nobody else can read.

    Ray would write one readable by everybody. A token given by the environment is left alone;
    where the home folder cannot be written, the token goes into the private folder `fallback`.
    """
    if any(os.environ.get(name) for name in TOKEN_VARIABLES):
        return
    path = default_token_path()
    try:
        write_private_token(path)
    except OSError:
        path = fallback / "auth_token"
        write_private_token(path)
        os.environ["RAY_AUTH_TOKEN_PATH"] = str(path)


def write_private_token(path: Path) -> None:
    """Create the token file if absent or empty, and close it to others if it is open to them."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (path.exists() and path.read_text().strip()):
        _write_at_once(path, secrets.token_hex(32))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)


def _write_at_once(path: Path, text: str) -> None:
    """Write a 0600 file that no reader ever sees half written."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    draft.replace(path)
