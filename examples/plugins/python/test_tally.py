"""`python -m unittest`"""

from unittest import TestCase

from tally import Agreed, Settings, Undecided, decide


class Decide(TestCase):
    def test_what_enough_answers_agree_on_wins(self) -> None:
        self.assertEqual(decide(["robin", "wren", "robin"], Settings()), Agreed("robin", 2, 3))
        self.assertIsInstance(decide(["robin", "robin", "wren", "finch"], Settings(agreement=0.6)), Undecided)
        self.assertIsInstance(decide(["robin", "robin"], Settings(minimum=3)), Undecided)
        self.assertIsInstance(decide([], Settings()), Undecided)

    def test_a_tie_is_no_agreement(self) -> None:
        self.assertEqual(decide(["robin", "wren"], Settings()), Undecided("several answers have 1 of 2 votes"))

    def test_answers_without_the_question_do_not_count(self) -> None:
        answers = [{"species": "robin"}, {"species": None}, {"remark": "dark"}, "robin", ["robin"]]
        self.assertEqual(decide(answers, Settings(question="species")), Agreed("robin", 1, 1))

    def test_same_json_is_the_same_answer(self) -> None:
        self.assertEqual(decide([{"a": 1, "b": 2}, {"b": 2, "a": 1}], Settings()), Agreed({"a": 1, "b": 2}, 2, 2))
        self.assertEqual(decide([True, 1, 1], Settings()), Agreed(1, 2, 3))
