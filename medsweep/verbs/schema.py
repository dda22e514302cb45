"""`medsweep schema`: the JSON schema of a spec, for editors."""


def command() -> None:
    """Print the JSON schema of a spec."""
    import json
    import sys

    from sweeps.reading.loading import spec_schema

    sys.stdout.write(json.dumps(spec_schema(), indent=2) + "\n")
