"""An OpenAI-compatible endpoint that answers questions: generation only.

The key comes from OPENAI_API_KEY and goes nowhere but into the request's header.
"""

import json
import os
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

from trainables.errors import InputError
from trainables.evaluation.benchmarks.answerer import ScoredDone, TextsDone
from trainables.evaluation.benchmarks.question import Generation, Question

KEY = "OPENAI_API_KEY"
AT_ONCE = 8  # requests under way
ATTEMPTS = 6
TIMEOUT = 120  # seconds a request
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})  # worth another attempt
FIELD = "--endpoint"


class Endpoint:
    """A model behind `url` (…/v1), asked through /chat/completions. As Answerer."""

    def __init__(
        self,
        url: str,
        model: str,
        system_prompt: str | None,
        wait_seconds: float = 1.0,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise InputError(FIELD, url, "is no URL", "Write e.g. http://localhost:8000/v1.")
        self.url, self.model, self.system_prompt = url.rstrip("/"), model, system_prompt
        self.wait_seconds = wait_seconds  # before the second attempt; doubled each time

    def score(self, questions: Sequence[Question], done: ScoredDone) -> None:
        """As Answerer: an endpoint gives no log-likelihoods of given texts."""
        fix = "Name generation measures, e.g. --measures generated_accuracy,unanswered."
        raise InputError(FIELD, self.url, "cannot score options by log-likelihood", fix)

    def answer(self, questions: Sequence[Question], how: Generation, done: TextsDone) -> None:
        """As Answerer. After an error no further question is asked."""

        def one(i: int) -> None:
            done(i, self._answers(questions[i].text, how))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked = [pool.submit(one, i) for i in range(len(questions))]
            try:
                finished, _ = wait(asked, return_when=FIRST_EXCEPTION)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
            for future in finished:
                future.result()

    def _answers(self, text: str, how: Generation) -> tuple[str, ...]:
        sampled = how.samples > 1
        return tuple(
            self._complete(
                {
                    "model": self.model,
                    "messages": self._messages(text),
                    "max_tokens": how.max_new_tokens,
                    "temperature": how.temperature if sampled else 0.0,
                    "seed": how.seed + sample,
                }
            )
            for sample in range(how.samples)
        )

    def _messages(self, text: str) -> list[dict[str, str]]:
        system = [{"role": "system", "content": self.system_prompt}] if self.system_prompt else []
        return [*system, {"role": "user", "content": text}]

    def _complete(self, body: dict[str, Any]) -> str:
        reply = self._with_patience(lambda: self._post(body))
        try:
            return str(reply["choices"][0]["message"]["content"] or "").strip()
        except (KeyError, IndexError, TypeError):
            fix = "Is it OpenAI-compatible? It must answer /chat/completions."
            raise InputError(FIELD, self.url, "gave no choices[0].message.content", fix) from None

    def _with_patience(self, call: Callable[[], Any]) -> Any:
        """The call's result, tried again after what may pass, each time after a longer wait."""
        for attempt in range(ATTEMPTS):
            try:
                return call()
            except urllib.error.HTTPError as error:
                if error.code not in PASSING or attempt == ATTEMPTS - 1:
                    raise self._refused(error) from None
                asked = error.headers.get("Retry-After", "")
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                if attempt == ATTEMPTS - 1:
                    raise self._unreachable(error) from None
                asked = ""
            pause = self.wait_seconds * 2**attempt * random.uniform(0.75, 1.25)
            time.sleep(float(asked) if asked.isdigit() else pause)
        raise AssertionError("the last attempt returns or raises")

    def _post(self, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY):
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(  # noqa: S310 (the scheme was checked)
            f"{self.url}/chat/completions", json.dumps(body).encode(), headers
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT) as reply:  # noqa: S310
            return json.load(reply)

    def _refused(self, error: urllib.error.HTTPError) -> InputError:
        said = error.read(500).decode(errors="replace").strip()
        if (key := os.environ.get(KEY)) and key in said:
            said = said.replace(key, "…")
        fix = f"Set {KEY} in the environment." if error.code in (401, 403) else None
        return InputError(FIELD, self.url, f"answered {error.code}: {said}", fix)

    def _unreachable(self, error: Exception) -> InputError:
        reason = getattr(error, "reason", error)
        message = f"cannot be reached after {ATTEMPTS} attempts: {reason}"
        return InputError(FIELD, self.url, message, "Is the server running?")
