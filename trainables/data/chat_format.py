"""A question and its answer as tokens, in the model's own chat format.

The supervised tokens are those of the answer and of its end-of-turn mark, nothing else; what a
template adds after that (a newline, say) is cut off. Without a chat template the format is
"{bos}{system}\\n\\nQuestion: {question}\\nAnswer: {answer}{eos}", bos only where the tokenizer
itself puts one. Truncation is at the right. Words of a row that look like a control token stay text
(`trainables.data.control_tokens`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from trainables.data.control_tokens import Marks, control_marks, hidden, token_ids
from trainables.data.covered_bytes import covered_bytes
from trainables.data.template_limits import check_template, unusable
from trainables.data.templated import templated

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Messages = list[dict[str, str]]
PROBE_QUESTION = "Probe of the question"
PROBE_ANSWER = "Probe of the answer"
THINK = "<think>"
OTHER_ROW = "Leave that row out, or take another model."


class Encoded(NamedTuple):
    """One row as tokens: those before `answer_start` are the prompt, the others are supervised."""

    input_ids: list[int]
    answer_start: int
    answer_bytes: int  # UTF-8 bytes of the answer's text that the supervised tokens cover
    truncated: bool
    earlier: tuple[tuple[int, int], ...] = ()  # of a chat, where answers before that stand


class ChatFormat(NamedTuple):
    """How a tokenizer's model wants a conversation, found by rendering a probe."""

    system_prompt: str | None
    template: bool
    system_role: bool  # False: the system prompt opens the user's turn
    ending: str  # all that the template puts after an answer
    end_of_turn: str  # the part of it that the model must learn to say
    bos: str  # only used without a template
    marks: Marks = ()  # the tokenizer's control tokens, as they are written


NO_SYSTEM = ChatFormat(None, True, False, "", "", "")


def encode(
    tokenizer: "PreTrainedTokenizerBase",
    question: str,
    answer: str,
    system_prompt: str | None,
    max_length: int,
) -> Encoded | None:
    """The row's tokens, at most `max_length`; None where truncation leaves none of the answer."""
    return encode_many(tokenizer, [(question, answer)], system_prompt, max_length)[0]


def encode_many(
    tokenizer: "PreTrainedTokenizerBase",
    pairs: Sequence[tuple[str, str]],
    system_prompt: str | None,
    max_length: int,
) -> list[Encoded | None]:
    """`encode` of many (question, answer) pairs; faster than one at a time."""
    if not pairs:
        return []
    chat = chat_format(tokenizer, system_prompt)
    rendered = [render(tokenizer, chat, question, answer) for question, answer in pairs]
    return encode_in(tokenizer, chat, rendered, [answer for _, answer in pairs], max_length)


def encode_in(
    tokenizer: "PreTrainedTokenizerBase",
    chat: ChatFormat,
    rendered: Sequence[tuple[str, str]],
    answers: Sequence[str],
    max_length: int,
) -> list[Encoded | None]:
    """The tokens of what `render` gave for these answers."""
    prompts = token_ids(tokenizer, [prompt for prompt, _ in rendered])
    wholes = token_ids(tokenizer, [prompt + completion for prompt, completion in rendered])
    encoded = []
    for answer, (before, completion), prompt, whole in zip(
        answers, rendered, prompts, wholes, strict=True
    ):
        answer = answer[already_open(before, answer) :]
        # a token across the boundary would supervise a part of the prompt
        if whole[: len(prompt)] != prompt:
            whole = prompt + token_ids(tokenizer, [completion])[0]
        encoded.append(
            _truncated(tokenizer, whole, len(prompt), answer, chat.end_of_turn, max_length)
        )
    return encoded


def prompts(
    tokenizer: "PreTrainedTokenizerBase", questions: Sequence[str], system_prompt: str | None
) -> list[list[int]]:
    """The tokens before the answer of each question, as `encode_many` makes them."""
    if not questions:
        return []
    chat = chat_format(tokenizer, system_prompt)
    # with an answer in place: some templates write another prompt where it is empty
    return token_ids(tokenizer, [render(tokenizer, chat, q, PROBE_ANSWER)[0] for q in questions])


def chat_format(tokenizer: "PreTrainedTokenizerBase", system_prompt: str | None) -> ChatFormat:
    """The tokenizer's chat format, with the fallback where it has no template."""
    eos, marks = str(tokenizer.eos_token or ""), control_marks(tokenizer)
    system_prompt = system_prompt and hidden(system_prompt, marks)
    if not tokenizer.chat_template:
        return ChatFormat(system_prompt, False, False, eos, eos, _leading_bos(tokenizer), marks)
    check_template(tokenizer, _messages(NO_SYSTEM, PROBE_QUESTION, PROBE_ANSWER))
    system_role = _takes_system_role(tokenizer, system_prompt)
    probe = ChatFormat(system_prompt, True, system_role, "", "", "", marks)
    ending = _probed(tokenizer, probe).rpartition(PROBE_ANSWER)[2]
    return probe._replace(ending=ending, end_of_turn=ending.rstrip() or eos)


def render(
    tokenizer: "PreTrainedTokenizerBase", chat: ChatFormat, question: str, answer: str
) -> tuple[str, str]:
    """(prompt, completion) as text for `token_ids`; the completion is the answer and its
    end-of-turn mark. Raises InputError where the template refuses this question."""
    from jinja2 import TemplateError

    try:
        return render_turns(tokenizer, chat, [question, answer])
    except TemplateError as error:
        raise unusable(f"refuses a question and its answer: {error}", OTHER_ROW) from error


def render_turns(
    tokenizer: "PreTrainedTokenizerBase", chat: ChatFormat, turns: Sequence[str]
) -> tuple[str, str]:
    """`render` of a longer chat: contents of user and assistant in turn; the prompt is all that the
    model sees when it is to give the last answer."""
    *asked, answer = (hidden(turn, chat.marks) for turn in turns)
    if not chat.template:
        prompt = _plain_prompt(chat, asked)
    else:
        prompt = _templated_prompt(tokenizer, chat, asked, answer)
    answer = answer[already_open(prompt, answer) :]
    # most tokenizers join a space to the word after it, so it must not be left to the prompt
    bare = prompt.rstrip(" ")
    return bare, prompt[len(bare) :] + answer + chat.end_of_turn


def already_open(prompt: str, answer: str) -> int:
    """How much of an answer with thoughts its prompt says already: templates of reasoning models
    that leave an answer's thoughts out open them themselves (DeepSeek-R1: `<think>`, a line)."""
    for opening in (f"{THINK}\n", THINK):
        if prompt.endswith(opening) and answer.startswith(opening):
            return len(opening)
    return 0


def _plain_prompt(chat: ChatFormat, asked: Sequence[str]) -> str:
    system = f"{chat.system_prompt}\n\n" if chat.system_prompt else ""
    pairs = zip(asked[:-1:2], asked[1::2], strict=True)
    before = "".join(f"Question: {q}\nAnswer: {a}{chat.end_of_turn}\n\n" for q, a in pairs)
    return f"{chat.bos}{system}{before}Question: {asked[-1]}\nAnswer: "


def _templated_prompt(
    tokenizer: "PreTrainedTokenizerBase", chat: ChatFormat, asked: Sequence[str], answer: str
) -> str:
    """What stands before the answer, such as an empty block of thoughts, belongs to the prompt."""
    messages = _messages(chat, *asked, answer)
    whole = templated(tokenizer, messages)
    if whole.endswith(answer + chat.ending):
        return whole[: len(whole) - len(answer + chat.ending)]
    # the template rewrites this answer; its generation prompt is what the model will see
    return templated(tokenizer, messages[:-1], add_generation_prompt=True)


def _messages(chat: ChatFormat, *contents: str) -> Messages:
    roles = ("user", "assistant")
    turns = [{"role": roles[n % 2], "content": text} for n, text in enumerate(contents)]
    if not chat.system_prompt:
        return turns
    if chat.system_role:
        return [{"role": "system", "content": chat.system_prompt}, *turns]
    turns[0]["content"] = f"{chat.system_prompt}\n\n{contents[0]}"
    return turns


def _probed(tokenizer: "PreTrainedTokenizerBase", probe: ChatFormat) -> str:
    """A question and its answer as the template writes them. Raises InputError where it leaves one
    of them out, as those do that only know content in parts."""
    from jinja2 import TemplateError

    try:
        found = templated(tokenizer, _messages(probe, PROBE_QUESTION, PROBE_ANSWER))
    except TemplateError as error:
        raise unusable(f"refuses a question and its answer: {error}") from error
    if PROBE_QUESTION not in found or PROBE_ANSWER not in found:
        raise unusable("leaves out a question or an answer that is text")
    return found


def _takes_system_role(tokenizer: "PreTrainedTokenizerBase", system_prompt: str | None) -> bool:
    """Some templates raise at a system turn, some leave it out without a word."""
    from jinja2 import TemplateError

    if not system_prompt:
        return False
    messages = _messages(
        ChatFormat(system_prompt, True, True, "", "", ""), PROBE_QUESTION, PROBE_ANSWER
    )
    try:
        return system_prompt.strip() in templated(tokenizer, messages)
    except TemplateError:
        return False


def _leading_bos(tokenizer: "PreTrainedTokenizerBase") -> str:
    """The begin-of-sequence mark, where the tokenizer puts one before a text."""
    ids = tokenizer("probe")["input_ids"]
    return str(tokenizer.bos_token) if ids and ids[0] == tokenizer.bos_token_id else ""


def _truncated(
    tokenizer: "PreTrainedTokenizerBase",
    ids: list[int],
    answer_start: int,
    answer: str,
    end_of_turn: str,
    max_length: int,
) -> Encoded | None:
    if len(ids) <= max_length:
        return Encoded(ids, answer_start, len(answer.encode()), False)
    supervised, keep = ids[answer_start:], max(0, max_length - answer_start)
    covered = covered_bytes(tokenizer, supervised, keep, answer, end_of_turn)
    return Encoded(ids[:max_length], answer_start, covered, True) if covered else None
