"""`python -m unittest`"""

from unittest import TestCase

from consensus import Settings, decide, normal

LETTER = ["Dear Sir, I have seen the bird.", "Dear Sir, I have seen the birds.", "Dear Sir, I hav seen the bird.", "no idea"]


class Decide(TestCase):
    def test_the_text_most_like_all_the_others_is_the_answer(self) -> None:
        verdict = decide(LETTER, Settings(agreement=0.6))
        self.assertEqual((verdict.answer, verdict.votes, verdict.total, verdict.decided), (LETTER[0], 3, 4, True))
        self.assertEqual(verdict.similarities[0], 1.0)
        self.assertLess(verdict.similarities[3], 0.5)

    def test_in_whatever_order_the_answers_come(self) -> None:
        backwards = decide(LETTER[::-1], Settings(agreement=0.6))
        self.assertEqual((backwards.answer, backwards.agreement), (LETTER[0], decide(LETTER, Settings(agreement=0.6)).agreement))

    def test_too_few_and_too_different_texts_are_undecided(self) -> None:
        for texts in ([], ["robin"], ["robin", "a wren, I think"]):
            verdict = decide(texts, Settings())
            self.assertEqual((verdict.answer, verdict.decided), (None, False))
            self.assertIn("needed", verdict.reason)

    def test_of_two_texts_that_are_nearly_the_same_the_first_is_taken_and_it_is_a_tie(self) -> None:
        verdict = decide(["a brown bird", "a brown birds"], Settings())
        self.assertEqual((verdict.answer, verdict.tie, verdict.decided), ("a brown bird", True, True))

    def test_what_more_people_wrote_is_taken_as_most_of_them_spelled_it(self) -> None:
        verdict = decide(["A  bird", "a bird", "a bird", "a bird!"], Settings(ignore_case=True))
        self.assertEqual((verdict.answer, verdict.tie, verdict.agreement), ("a bird", False, 0.9744))

    def test_words_are_compared_as_a_whole(self) -> None:
        texts = ["the old red house", "the old rad house", "the old red house"]
        self.assertEqual(decide(texts, Settings(compare="words")).agreement, 0.875)


class Normal(TestCase):
    def test_what_is_ignored_is_for_the_settings_to_say(self) -> None:
        text = " “Straße”,\n  he said. "
        self.assertEqual(normal(text, Settings(ignore_space=False)), text)
        self.assertEqual(normal(text, Settings()), "“Straße”, he said.")
        self.assertEqual(normal(text, Settings(ignore_case=True, ignore_punctuation=True)), "strasse he said")
        self.assertEqual(normal("e\u0301", Settings()), "\u00e9")
