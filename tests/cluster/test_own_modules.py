"""Which of a folder's files travel to other machines."""

from pathlib import Path

from cluster.own_modules import copy_modules


def test_python_files_and_packages_and_no_data(tmp_path: Path) -> None:
    for name in ("a.py", "p/__init__.py", "p/q/m.py", "p/data.csv", "d.csv", "plain/n.py", ".env"):
        file = tmp_path / "from" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    copy_modules(tmp_path / "from", tmp_path / "to")
    there = (path for path in (tmp_path / "to").rglob("*") if path.is_file())
    found = {str(path.relative_to(tmp_path / "to")): path.read_text() for path in there}
    assert found == {name: name for name in ("a.py", "p/__init__.py", "p/q/m.py")}
