"""Which of several texts is most like all the others. Knows nothing of Crowdhook, so `python -m unittest` tests it as it stands."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal


@dataclass(frozen=True)
class Settings:
    """The project's settings, with the defaults of those that it leaves out."""

    question: str | None = None
    minimum: int = 2
    agreement: float = 0.8
    compare: Literal["characters", "words"] = "characters"
    ignore_case: bool = False
    ignore_space: bool = True
    ignore_punctuation: bool = False


@dataclass(frozen=True)
class Verdict:
    """What the texts come to."""

    answer: str | None
    votes: int
    total: int
    agreement: float
    tie: bool
    decided: bool
    reason: str
    similarities: list[float]
    """How like the answer each text is, in the order of the texts; while undecided, how like the text that comes closest to being it."""


def normal(text: str, settings: Settings) -> str:
    """A text as it is compared: what the settings ignore is taken out."""
    text = unicodedata.normalize("NFC", text)
    if settings.ignore_case:
        text = text.casefold()
    if settings.ignore_punctuation:
        text = "".join(character for character in text if not unicodedata.category(character).startswith("P"))
    if settings.ignore_space:
        text = " ".join(text.split())
    return text


def decide(texts: Sequence[str], settings: Settings) -> Verdict:
    """Picks the medoid: the text whose mean similarity to all the others is the greatest, as most people spelled it."""
    total = len(texts)
    if total == 0:
        return Verdict(None, 0, 0, 0.0, False, False, f"no text counts, {settings.minimum} are needed", [])

    compared = [normal(text, settings) for text in texts]
    times = Counter(compared)
    alike = similarities(list(times), settings)
    means = {one: mean_to_others(one, times, alike) for one in times}
    agreement = max(means.values())
    tied = [one for one in times if means[one] == agreement]
    # Of equally good ones that which most people wrote, and of these the first.
    medoid = max(tied, key=lambda one: times[one])

    to_medoid = [alike[one, medoid] for one in compared]
    votes = sum(similarity >= settings.agreement for similarity in to_medoid)
    spellings = Counter(text for text, one in zip(texts, compared) if one == medoid)
    answer = max(spellings, key=lambda text: spellings[text])
    if total < settings.minimum:
        undecided = f"{total} {'text counts' if total == 1 else 'texts count'}, {settings.minimum} are needed"
    elif agreement < settings.agreement:
        undecided = f"no text is more like the others than {agreement} on average, {settings.agreement} is needed"
    else:
        reason = f"it is {agreement} like the others on average, {votes} of {total} texts are at least {settings.agreement} like it"
        return Verdict(answer, votes, total, agreement, len(tied) > 1, True, reason, to_medoid)
    return Verdict(None, votes, total, agreement, len(tied) > 1, False, undecided, to_medoid)


def similarities(texts: Sequence[str], settings: Settings) -> dict[tuple[str, str], float]:
    """How alike any two of these different texts are, 0 to 1."""
    parts = {text: text.split() if settings.compare == "words" else text for text in texts}
    alike = {(text, text): 1.0 for text in texts}
    # In an order of their own: which of two texts comes first makes a small difference to `difflib`, and must make none to the verdict.
    ordered = sorted(texts)
    for index, one in enumerate(ordered):
        matcher = SequenceMatcher(None, "", parts[one], autojunk=False)
        for other in ordered[index + 1 :]:
            matcher.set_seq1(parts[other])
            alike[one, other] = alike[other, one] = round(matcher.ratio(), 4)
    return alike


def mean_to_others(one: str, times: Counter[str], alike: dict[tuple[str, str], float]) -> float:
    """The mean similarity of one text to each of the others; 1 where there are none."""
    others = times.total() - 1
    if others == 0:
        return 1.0
    return round((sum(alike[one, other] * times[other] for other in times) - 1) / others, 4)
