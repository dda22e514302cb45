"""One base model in memory: its adapter is switched off to hear the base, on to hear the trial.

A question is asked as in training: in the same chat format, with the same system prompt, alone.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from queue import Queue
from typing import Any, NamedTuple

from trainables.data.chat_format import prompts
from trainables.errors import InputError
from trainables.evaluation.generation import end_tokens
from trainables.models.adapters import adapted, restore
from trainables.models.config import LoraConfig, ModelConfig
from trainables.models.load import device_now, load_base

WEIGHTS = "adapter_model.safetensors"
Pieces = Queue[str | BaseException | None]  # text so far, what was raised, or the end


class Sampling(NamedTuple):
    """How an answer is drawn: temperature 0 is greedy, as the trials are measured."""

    max_new_tokens: int = 128
    temperature: float = 0.0


GREEDY = Sampling()


class BaseAndTuned:
    """A base model with a trial's adapter on it. One question at a time: others wait."""

    def __init__(self, model: Any, tokenizer: Any, system_prompt: str | None) -> None:
        self.model, self.tokenizer, self.system_prompt = model, tokenizer, system_prompt
        self._ends = end_tokens(model, tokenizer)
        self._busy = threading.Lock()

    def answer(self, question: str, tuned: bool, sampling: Sampling = GREEDY) -> str:
        """The whole answer of the tuned model, or of the base."""
        return list(self.stream(question, tuned, sampling))[-1]

    def stream(self, question: str, tuned: bool, sampling: Sampling = GREEDY) -> Iterator[str]:
        """The answer as it grows; the last one is the whole, stripped. Leaving it stops the model.

        Raises InputError for an empty question, and what generation raises.
        """
        if not question.strip():
            raise InputError("question", question, "is empty", "Ask something.")
        pieces: Pieces = Queue()
        stopped = threading.Event()
        work = (question.strip(), tuned, sampling, pieces, stopped)
        threading.Thread(target=self._generate, args=work, daemon=True).start()
        text = ""
        try:
            while (piece := pieces.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                if piece != text:
                    yield (text := piece)
            yield text.strip()
        finally:
            stopped.set()

    def _generate(
        self,
        question: str,
        tuned: bool,
        sampling: Sampling,
        pieces: Pieces,
        stopped: threading.Event,
    ) -> None:
        import torch

        try:
            with self._busy, self._voice(tuned), torch.inference_mode():
                ids = prompts(self.tokenizer, [question], self.system_prompt)
                prompt = torch.tensor(ids, device=self.model.device)
                self.model.generate(
                    input_ids=prompt,
                    attention_mask=torch.ones_like(prompt),
                    max_new_tokens=sampling.max_new_tokens,
                    eos_token_id=self._ends,
                    pad_token_id=int(self.tokenizer.pad_token_id),
                    streamer=_Growing(self.tokenizer, self._ends, pieces),
                    stopping_criteria=[_until(stopped)],
                    **_drawing(sampling.temperature),
                )
        except BaseException as error:
            pieces.put(error)
        pieces.put(None)

    def _voice(self, tuned: bool) -> Any:
        return nullcontext() if tuned else self.model.disable_adapter()


@contextmanager
def opened(
    model: ModelConfig, lora: LoraConfig, adapter: Path, system_prompt: str | None
) -> Iterator[BaseAndTuned]:
    """The base model with the adapter in folder `adapter`; on leaving, the base is bare again.

    Raises InputError where the model cannot be had or the adapter is missing or does not fit.
    """
    weights = adapter / WEIGHTS
    if not weights.is_file():
        raise InputError("adapter", str(adapter), f"has no {WEIGHTS}", "Was it deleted?")
    base = load_base(model, device_now())
    with adapted(base, lora, seed=0) as tuned:
        try:
            restore(tuned, weights.read_bytes())
        except (ValueError, RuntimeError) as error:
            raise InputError("adapter", str(adapter), f"does not fit the model: {error}") from error
        tuned.eval()
        yield BaseAndTuned(tuned, base.tokenizer, system_prompt)


def _drawing(temperature: float) -> dict[str, Any]:
    if temperature > 0:
        return {"do_sample": True, "temperature": temperature}
    return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}


def _until(stopped: threading.Event) -> Any:
    import torch

    def over(ids: Any, _scores: Any, **_rest: Any) -> Any:
        return torch.full((len(ids),), stopped.is_set(), device=ids.device)

    return over


class _Growing:
    """A streamer of transformers: after each token it puts the whole answer so far."""

    def __init__(self, tokenizer: Any, ends: list[int], pieces: Pieces) -> None:
        self.tokenizer, self.ends, self.pieces = tokenizer, set(ends), pieces
        self.tokens: list[int] | None = None  # None: the prompt comes first

    def put(self, ids: Any) -> None:
        """Take the prompt's ids, and then one id a call."""
        if self.tokens is None:
            self.tokens = []
            return
        self.tokens += [token for token in ids.tolist() if token not in self.ends]
        self.pieces.put(self._text().rstrip("\ufffd"))  # half a character may become a whole one

    def end(self) -> None:
        """Give what was held back."""
        self.pieces.put(self._text())

    def _text(self) -> str:
        return str(self.tokenizer.decode(self.tokens or [], skip_special_tokens=True))
