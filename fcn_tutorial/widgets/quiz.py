"""A lesson's quiz, answered by keyboard or pointer; the reason for a choice appears at once (exercises)."""

import html

import ipywidgets

from fcn_tutorial.checks import quiz as questions
from fcn_tutorial.widgets.explorer import Manners


class Quiz(ipywidgets.VBox):
    """Questions as radio buttons, below each the reason for what is chosen, at the end how many are right."""

    def __init__(self, asked):
        """asked: `checks.quiz.Question`s."""
        self.asked, rows = [], []
        for number, question in enumerate(asked, start=1):
            labels = [(option.text, place) for place, option in enumerate(question.options)]
            choice, reason = ipywidgets.RadioButtons(options=labels, value=None), ipywidgets.HTML()
            choice.observe(self.tell, "value")
            self.asked.append((question, choice, reason))
            rows += [ipywidgets.HTML(f"<p><b>{number}. {html.escape(question.text)}</b></p>"), choice, reason]
        self.result = ipywidgets.HTML()
        super().__init__([*rows, self.result, Manners()])
        self.add_class("fcn-explorer")
        self.add_class("fcn-quiz")
        self.tell()

    def tell(self, change=None):
        """Say why each chosen option is right or not, and how many are right."""
        right = 0
        for question, choice, reason in self.asked:
            if choice.value is not None:
                option = question.options[choice.value]
                right += option.right
                reason.value = f'<p role="status">{html.escape(option.verdict())}</p>'
        self.result.value = f'<p role="status">{right} of {len(self.asked)} right.</p>'


def quiz(lesson):
    """The quiz of a lesson, by its two digits, such as "03"; the same questions stand as text above it."""
    return Quiz(questions.questions(lesson))
