"""The page of `medsweep chat`: one question, the base model's answer beside the trial's."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from analysis.wording import NOTICE
from medsweep.chat_door import Door
from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.chat.base_and_tuned import BaseAndTuned

INSTALL = "pip install -c constraints.txt --no-build-isolation -e '.[chat]'"
STYLE = """
.block.notice { border-left: 4px solid #e4572e; padding: 6px 12px; position: sticky; top: 0;
  z-index: 9; background: var(--body-background-fill); }
.block.answer { border: 1px solid var(--border-color-primary); border-radius: 8px;
  min-height: 12em; padding: 8px 14px; overflow-wrap: anywhere; }
footer { display: none !important; }
"""
QuestionAndAnswer = tuple[str, str]


def gradio() -> Any:
    """The library, which calls no home. InputError with the command that installs it."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        import gradio as found
    except ImportError as error:
        message = "needs gradio, which is not installed"
        fix = f"Install it with: {INSTALL}; or ask once with --prompt"
        raise InputError("medsweep chat", None, message, fix) from error
    return found


def page(
    pair: "BaseAndTuned", model: str, trial: str, max_new_tokens: int, examples: list[str]
) -> Any:
    """Gradio's Blocks; `model` and `trial` are the headings of the two answers."""
    gr = gradio()

    def ask_both(question: str, temperature: float, tokens: float) -> Iterator[QuestionAndAnswer]:
        yield from both(pair, question, temperature, int(tokens))

    with gr.Blocks(title=f"{trial} beside its base model", analytics_enabled=False) as blocks:
        gr.Markdown(f"## {_plain(trial)} beside its base model")
        gr.Markdown(f"**{NOTICE}.** Answers can be wrong and sound right.", elem_classes="notice")
        question = gr.Textbox(label="Question", lines=2, placeholder="Ask a medical question")
        with gr.Row():
            temperature = gr.Slider(0, 1.5, 0, step=0.1, label="Temperature (0: greedy)")
            length = gr.Slider(8, 1024, max_new_tokens, step=8, label="Longest answer (tokens)")
        ask = gr.Button("Ask both", variant="primary")
        with gr.Row(equal_height=True):
            answers = [_answer(gr, model), _answer(gr, trial)]
        if examples:
            gr.Examples([[example] for example in examples], [question], label="Examples")
        gr.Markdown("Each question is answered on its own, as in training.")
        for event in (ask.click, question.submit):
            event(ask_both, [question, temperature, length], answers, concurrency_limit=1)
    return blocks


def both(
    pair: "BaseAndTuned", question: str, temperature: float, tokens: int
) -> Iterator[QuestionAndAnswer]:
    """(base's answer, trial's answer) as they grow, the base's first."""
    from trainables.chat.base_and_tuned import Sampling

    if not question.strip():
        yield "Ask a question first.", ""
        return
    sampling = Sampling(tokens, temperature)
    before = ""
    for before in pair.stream(question, False, sampling):
        yield _plain(before), "…"
    before = _plain(before) or "(empty answer)"
    for after in pair.stream(question, True, sampling):
        yield before, _plain(after) or "(empty answer)"


def serve(blocks: Any, port: int, share: bool) -> None:
    """Serve the page on this machine alone (`share`: also at a public address) until Ctrl-C, at an
    address with a token in it."""
    import uvicorn

    from medsweep.terminal import say

    with _listening(port) as own:
        door = guarded(blocks, port)
        if share:
            door.origins.add(public := _public(port))
            say(f"For anyone with this address: {public}{door.path}/")
        say(f"Open http://127.0.0.1:{port}{door.path}/ (Ctrl-C ends it)")
        quiet = {"log_level": "error", "access_log": False}  # a log would hold the token
        server = uvicorn.Server(uvicorn.Config(door, timeout_graceful_shutdown=1, **quiet))
        with suppress(KeyboardInterrupt):
            server.run(sockets=[own])


def guarded(blocks: Any, port: int) -> Door:
    """The page behind its door; what is asked is kept nowhere, neither here nor in the browser."""
    from fastapi import FastAPI

    gr = gradio()
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    outer = FastAPI(openapi_url=None)
    door = Door(outer, port)
    off = {"ssr_mode": False, "mcp_server": False, "pwa": False, "enable_monitoring": False}
    kept = {"run_history": False, "footer_links": [], "show_error": False}
    gr.mount_gradio_app(outer, blocks, door.path, theme=theme, css=STYLE, **off, **kept)
    return door


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            own.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError("--port", port, "is taken", "Give another one") from error
        yield own


def _public(port: int) -> str:
    """An address at Gradio's servers that leads to this machine's port."""
    networking = import_module("gradio.networking")
    try:
        found = networking.setup_tunnel("127.0.0.1", port, secrets.token_urlsafe(32), None, None)
    except Exception as error:
        fix = "Leave it out, and forward the port yourself (`ssh -L`)."
        raise InputError("--share", True, f"Gradio gave no address: {error}", fix) from error
    return f"https://{urlsplit(found).netloc}"


def _answer(gr: Any, heading: str) -> Any:
    with gr.Column():
        gr.Markdown(f"### {_plain(heading)}")
        return gr.Markdown(elem_classes="answer")


def _plain(text: str) -> str:
    """Text as itself: a model's markup is shown, not obeyed."""
    from analysis.report.markdown import plain

    return "\n\n".join(plain(line) for line in text.split("\n"))
