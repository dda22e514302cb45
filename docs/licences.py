"""Prints each installed package with its version and licence, as its own metadata say it."""

import sys
from importlib.metadata import Distribution, distributions

CLASSIFIER = "License :: OSI Approved :: "


def licence(package: Distribution) -> str:
    """The SPDX expression, else what the classifiers say, else the first line of the free text."""
    meta = package.metadata
    if expression := meta.get("License-Expression"):
        return expression
    said = meta.get_all("Classifier") or []
    found = [line.removeprefix(CLASSIFIER) for line in said if CLASSIFIER in line]
    text = (meta.get("License") or "not said").strip().splitlines()[0]
    return ", ".join(found) or text[:60]


def main() -> None:
    """One line a package, by name."""
    rows = {d.metadata["Name"]: f"{d.version:<16} {licence(d)}" for d in distributions()}
    for name in sorted(rows, key=str.lower):
        sys.stdout.write(f"{name:<28} {rows[name]}\n")


if __name__ == "__main__":
    main()
