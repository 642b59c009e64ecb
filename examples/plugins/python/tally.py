"""What the answers come to. Knows nothing of Crowdhook, so `python -m unittest` tests it as it stands."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Settings:
    """The project's settings, with the defaults of those that it leaves out."""

    question: str | None = None
    agreement: float = 0.5
    minimum: int = 1


@dataclass(frozen=True)
class Agreed:
    """What enough answers agree on."""

    answer: Any
    votes: int
    total: int


@dataclass(frozen=True)
class Undecided:
    """Why there is no answer."""

    reason: str


def decide(answers: Iterable[Any], settings: Settings) -> Agreed | Undecided:
    """What enough of the answers agree on, or why there is no such thing."""
    counted = [part for part in (part_of(answer, settings.question) for answer in answers) if part is not None]
    total = len(counted)
    if total < settings.minimum:
        return Undecided(f"{total} answers count, {settings.minimum} are needed")

    # Compared by their text: a list is no key of a dictionary, and Python takes `True` and `1` for the same.
    votes_of = Counter(map(text_of, counted))
    votes = max(votes_of.values())
    first, *others = (text for text in votes_of if votes_of[text] == votes)
    if others:
        return Undecided(f"several answers have {votes} of {total} votes")
    if votes / total < settings.agreement:
        return Undecided(f"{votes} of {total} agree, a share of {settings.agreement} is needed")
    return Agreed(json.loads(first), votes, total)


def part_of(answer: Any, question: str | None) -> Any:
    """What an answer says to the question; `None` where it says nothing."""
    if question is None:
        return answer
    return answer.get(question) if isinstance(answer, dict) else None


def text_of(value: Any) -> str:
    """JSON that is the same for the same value, in whatever order the members of its objects stand."""
    return json.dumps(value, sort_keys=True)
