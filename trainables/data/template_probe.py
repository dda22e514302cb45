"""A chat template rendered in a process of its own, with little memory and little time.

Run as a file by `template_limits`: it knows jinja2 and nothing of medsweep. Reads from stdin what
is to be rendered; how it ends says whether that stayed within the limits, not what came out.
"""

import json
import resource
import sys
from typing import Any

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox

MEMORY = 512 * 2**20  # bytes of address space, jinja2's own and Python's 100 MB among them
TOO_MUCH = 3


class Generation(jinja2.ext.Extension):
    """transformers' `{% generation %}`, which marks what is supervised and changes no text."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        """As Extension: what stands between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def render(template: str, messages: Any, largest: int, variables: dict[str, Any]) -> bool:
    """Render as transformers does; whether the result is at most `largest` characters."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = json.dumps
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = str
    made = environment.from_string(template)
    pieces = made.generate(messages=messages, tools=None, documents=None, **variables)
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > largest:
            return False
    return True


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)


def main() -> int:
    """0: within the limits, TOO_MUCH: not. That it raises is for the real rendering to say."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        return 0 if render(**json.load(sys.stdin)) else TOO_MUCH
    except (MemoryError, RecursionError):
        return TOO_MUCH
    except Exception:
        return 0


if __name__ == "__main__":
    sys.exit(main())
