"""All checks of a spec, each of them even where others fail."""

from dataclasses import replace
from typing import NamedTuple

from sweeps.reading.cluster_checks import cluster_findings
from sweeps.reading.column_checks import column_findings
from sweeps.reading.confirm_checks import confirm_findings
from sweeps.reading.document import Document, SpecFinding
from sweeps.reading.effects.checks import Effects, effects
from sweeps.reading.file_checks import file_findings
from sweeps.reading.fractions import whole_number_findings, with_fractions
from sweeps.reading.held import with_held
from sweeps.reading.metric_checks import direction_findings, metric_findings
from sweeps.reading.names import name_findings
from sweeps.reading.other_tools import other_tool, with_tool
from sweeps.reading.own_rewards import own_rewards
from sweeps.reading.parts import parts_of
from sweeps.reading.sampler_checks import sampler_findings
from sweeps.reading.schema_errors import schema_findings, type_findings
from sweeps.reading.seeds import seed_findings, with_seeds
from sweeps.reading.space_checks import space_findings
from sweeps.reading.text_checks import text_findings
from sweeps.reading.ties import with_ties
from sweeps.spec.sections import SweepSpec
from trainables.rewards.own import Origin


class Validated(NamedTuple):
    """The spec (None if pydantic refuses it), everything that is wrong with it, what is legal and
    in vain, and where rewards of the user's own come from."""

    spec: SweepSpec | None
    wrong: list[SpecFinding]
    warnings: list[SpecFinding]
    own: Origin | None


def validate(document: Document) -> Validated:
    """Check everything."""
    written = document.data
    document = replace(document, data=with_held(with_seeds(with_ties(with_fractions(written)))))
    spec, found = schema_findings(document.data)
    found = with_tool(other_tool(document.data), found)
    found += type_findings(document.data, [finding.path for finding in found])
    parts = parts_of(document.data)
    space, in_space = space_findings(parts)
    found += [*name_findings(document.data), *in_space, *metric_findings(parts)]
    found += direction_findings(document.data)
    found += [
        *seed_findings(written),
        *sampler_findings(parts, space),
        *cluster_findings(document.data),
    ]
    idle = effects(parts, document.data) if spec and not in_space else Effects([], [])
    found += text_findings(written, [finding.path for finding in found])
    own = own_rewards(parts, document.file)
    found += [*idle.refused, *file_findings(parts, document), *own.wrong]
    found += [*column_findings(parts), *confirm_findings(spec)]
    warned = [*idle.warned, *whole_number_findings(document.data)]
    return Validated(spec, found, warned, own.origin)
