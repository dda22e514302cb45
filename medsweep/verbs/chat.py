"""`medsweep chat`: the base model beside a trial, on the same question."""

from typing import TYPE_CHECKING, Annotated

import typer

from medsweep.options import RunFolder

if TYPE_CHECKING:
    from trainables.chat.base_and_tuned import BaseAndTuned


def command(
    run: RunFolder,
    trial: Annotated[str, typer.Option("--trial", help="`best`, or a trial.")] = "best",
    prompt: Annotated[
        str | None,
        typer.Option("--prompt", help="Answer this once, in the terminal: needs no Gradio."),
    ] = None,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0, help="Of --prompt; 0 is greedy.")
    ] = 0.0,
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 7860,
    share: Annotated[
        bool, typer.Option("--share/--no-share", help="Let anyone with the address ask, too.")
    ] = False,
) -> None:
    """Talk to the base model and a trial beside each other, in the browser of this machine."""
    from analysis.chat_sessions import opened_trial
    from analysis.report.examples import conversations, examples
    from analysis.runs import load_run, look_up
    from medsweep.chat_page import gradio, page, serve
    from sweeps.quiet import quiet_libraries

    if prompt is None:
        gradio()  # before the model is loaded
    quiet_libraries()
    with opened_trial(run, trial) as (found, pair):
        longest = int(look_up(found.config, "evaluation.max_new_tokens") or 128)
        model = str(found.value("model.name_or_path"))
        if prompt is not None:
            return _once(pair, prompt, longest, temperature, model, found.name)
        loaded = load_run(run)
        asked = conversations(loaded, found) or examples(loaded, found)
        serve(page(pair, model, found.name, longest, [e.question for e in asked]), port, share)
    return None


def _once(
    pair: "BaseAndTuned", question: str, longest: int, temperature: float, model: str, trial: str
) -> None:
    from rich.markup import escape
    from rich.panel import Panel

    from analysis.wording import NOTICE
    from medsweep.terminal import Terminal
    from trainables.chat.base_and_tuned import Sampling

    console = Terminal()
    for heading, tuned in ((model, False), (trial, True)):
        text = pair.answer(question, tuned, Sampling(longest, temperature))
        shown = escape(text) or "(empty answer)"
        console.print(Panel(shown, title=escape(heading), title_align="left"))
    console.print(f"{NOTICE}.")
