"""From the answers to a task to what is saved, emitted and remembered of it, in the shape that `wit/analysis.schema.json` describes."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from consensus import Settings, Verdict, decide, normal

TEXT_CHARACTERS_MAX = 5_000
"""A longer text does not count: an answer has at most 32 KiB, and a character up to six bytes of JSON."""
VALUE_BYTES_MAX = 2 * 1024
"""A longer value is left out of its line."""
ANALYSIS_BYTES_MAX = 240 * 1024
"""Lines of answers beyond it are left out and counted."""


@dataclass(frozen=True)
class Answer:
    """One person's answer."""

    id: str
    worker: str | None
    value: Any
    set_aside: bool = False


@dataclass(frozen=True)
class Outcome:
    """What is to be saved; and what is to be emitted and remembered, unless that is known already."""

    saved: dict[str, Any]
    emitted: dict[str, Any] | None
    remembered: dict[str, Any] | None


def analyse(answers: Sequence[Answer], settings: Settings, previous: dict[str, Any] | None) -> Outcome:
    """What the answers to a task come to; `previous` is what was remembered of it the last time."""
    reasons = why_not_each(answers, settings)
    texts = [str(part_of(answer.value, settings)) for answer, reason in zip(answers, reasons) if reason is None]
    verdict = decide(texts, settings)
    saved = asdict(verdict)
    del saved["similarities"]

    news = {name: saved[name] for name in ("answer", "decided", "tie")}
    if previous is not None and all(previous.get(name) == news[name] for name in news):
        return Outcome({**saved, "revision": previous["revision"]}, None, None)
    revision = 1 if previous is None else previous["revision"] + 1
    remembered = {"revision": revision, **news}
    emitted = {**saved, "revision": revision, "previous": previous}
    return Outcome({**saved, "revision": revision}, with_answers(emitted, lines(answers, reasons, verdict, settings)), remembered)


def part_of(value: Any, settings: Settings) -> Any:
    """What an answer says to the question; `None` where it says nothing."""
    if settings.question is None:
        return value
    return value.get(settings.question) if isinstance(value, dict) else None


def why_not_each(answers: Sequence[Answer], settings: Settings) -> list[str | None]:
    """Why each answer does not count; `None` where it does."""
    reasons = [why_not(answer, settings) for answer in answers]
    last = {answer.worker: index for index, (answer, reason) in enumerate(zip(answers, reasons)) if reason is None}
    for index, answer in enumerate(answers):
        if reasons[index] is None and answer.worker is not None and last[answer.worker] != index:
            reasons[index] = "a later answer of the same worker counts"
    return reasons


def why_not(answer: Answer, settings: Settings) -> str | None:
    """Why an answer does not count, whatever else there is; `None` where it does."""
    part = part_of(answer.value, settings)
    if answer.set_aside:
        return "the platform sets it aside"
    if not isinstance(part, str) or not normal(part, settings).strip():
        return "it has no text"
    if len(part) > TEXT_CHARACTERS_MAX:
        return f"its text has more than {TEXT_CHARACTERS_MAX} characters"
    return None


def lines(answers: Sequence[Answer], reasons: Sequence[str | None], verdict: Verdict, settings: Settings) -> list[dict[str, Any]]:
    """A line for each answer: what it says, whether it counts, and whether it agrees."""
    similarities = iter(verdict.similarities)
    listed = []
    for answer, reason in zip(answers, reasons):
        is_cut = size(answer.value) > VALUE_BYTES_MAX
        line: dict[str, Any] = {"id": answer.id, "worker": answer.worker, "value": None if is_cut else answer.value}
        if is_cut:
            line["cut"] = True
        line |= {"counted": reason is None, "weight": 1 if reason is None else 0, "agrees": None, "why_not": reason}
        if reason is None:
            line["similarity"] = next(similarities)
            if verdict.decided:
                line["agrees"] = line["similarity"] >= settings.agreement
        listed.append(line)
    return listed


def with_answers(analysis: dict[str, Any], listed: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Adds the lines as far as there is room."""
    whole = {**analysis, "answers": [], "answers_left_out": len(listed)}
    room = ANALYSIS_BYTES_MAX - size(whole)
    for line in listed:
        room -= size(line) + len(", ")
        if room < 0:
            break
        whole["answers"].append(line)
        whole["answers_left_out"] -= 1
    return whole


def size(value: Any) -> int:
    """Bytes of a value as JSON."""
    return len(text_of(value).encode())


def text_of(value: Any) -> str:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False)
