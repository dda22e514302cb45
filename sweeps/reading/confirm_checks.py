"""What does not go with the section `confirm`."""

from sweeps.reading.document import Path, SpecFinding
from sweeps.spec.confirmable import unconfirmable
from sweeps.spec.sections import SweepSpec


def confirm_findings(spec: SweepSpec | None) -> list[SpecFinding]:
    """Why the trials of a sweep cannot be confirmed as it asks; nothing where it does not."""
    if spec is None or spec.confirm is None:
        return []
    return [
        SpecFinding(_place(found.field), found.message, found.value, found.fix)
        for found in unconfirmable(spec, spec.confirm)
    ]


def _place(field: str) -> Path:
    return ("confirm", field) if field else ("confirm",)
