"""`python -m unittest`"""

from typing import Any
from unittest import TestCase

from analysis import ANALYSIS_BYTES_MAX, Answer, Outcome, analyse, size
from consensus import Settings


def analysed(*values: Any, previous: dict[str, Any] | None = None, **settings: Any) -> Outcome:
    answers = [Answer(str(number), None, value) for number, value in enumerate(values)]
    return analyse(answers, Settings(**settings), previous)


class Analyse(TestCase):
    def test_answers_that_do_not_count_say_why(self) -> None:
        answers = [
            Answer("1", "ann", "an early thought"),
            Answer("2", "ann", "a bird"),
            Answer("3", "bob", "a bird", set_aside=True),
            Answer("4", None, {"text": "a bird"}),
            Answer("5", None, " "),
            Answer("6", None, "x" * 5_001),
            Answer("7", "cleo", "a bird"),
            Answer("8", "cleo", " "),
        ]
        outcome = analyse(answers, Settings(), None)
        assert outcome.emitted is not None
        listed = outcome.emitted["answers"]
        self.assertEqual([line["counted"] for line in listed], [False, True, False, False, False, False, True, False])
        self.assertEqual([line["why_not"] is None for line in listed], [line["counted"] for line in listed])
        self.assertEqual((listed[5]["value"], listed[5]["cut"]), (None, True))
        self.assertEqual((outcome.saved["answer"], outcome.saved["votes"], outcome.saved["total"]), ("a bird", 2, 2))

    def test_a_question_names_the_member_with_the_text(self) -> None:
        outcome = analysed({"text": "a bird"}, {"text": "a bird"}, {"text": 7}, "a bird", question="text")
        self.assertEqual((outcome.saved["answer"], outcome.saved["total"]), ("a bird", 2))

    def test_news_is_told_and_the_same_is_not_told_again(self) -> None:
        first = analysed("a bird", "a bird")
        assert first.emitted is not None and first.remembered is not None
        self.assertEqual((first.emitted["revision"], first.emitted["previous"]), (1, None))
        again = analysed("a bird", "a bird", "a bird", previous=first.remembered)
        self.assertEqual((again.emitted, again.remembered, again.saved["revision"]), (None, None, 1))
        other = analysed("a cat", "a cat", previous=first.remembered)
        assert other.emitted is not None
        self.assertEqual((other.emitted["revision"], other.emitted["previous"]), (2, first.remembered))

    def test_lines_beyond_the_limit_are_left_out_and_counted(self) -> None:
        outcome = analysed(*["a bird " * 200] * 300)
        assert outcome.emitted is not None
        self.assertLessEqual(size(outcome.emitted), ANALYSIS_BYTES_MAX)
        self.assertGreater(outcome.emitted["answers_left_out"], 0)
        self.assertEqual(len(outcome.emitted["answers"]) + outcome.emitted["answers_left_out"], 300)
