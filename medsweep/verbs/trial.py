"""`medsweep trial`: the spec's own trial, in this process, without Ray."""

from pathlib import Path

from medsweep.options import Output, RunName, Set, Smoke, Spec, Yes


def command(
    spec: Spec,
    set_: Set = None,
    smoke: Smoke = False,
    name: RunName = None,
    output: Output = Path("runs"),
    yes: Yes = False,
) -> int:
    """Run the trial section once, in this process: for debugging, with plain tracebacks."""
    from medsweep.asking import asking
    from medsweep.conduct import conduct, screen
    from sweeps.launch.in_process import run_one, single_trial
    from sweeps.reading.loading import load_spec

    loaded = single_trial(load_spec(spec, set_ or [], smoke), output, name)
    folder = output / loaded.spec.name
    with screen(loaded.spec, folder) as view:
        for warning in loaded.warnings:
            view.say(f"Warning: {warning}")
        agree = asking(view, yes)
        return conduct(folder, view, lambda: run_one(loaded, folder, view.watch, view.say, agree))
