"""The questions that end a lesson, each option with its reason: read from quizzes/, written as Markdown."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).with_name("quizzes")


@dataclass(frozen=True)
class Option:
    """A possible answer, whether it is right, and why."""

    text: str
    right: bool
    reason: str

    def verdict(self):
        """What is said to who has chosen it."""
        return f"{'Right.' if self.right else 'Not this one.'} {self.reason}"


@dataclass(frozen=True)
class Question:
    """A question with its options, of which one is right."""

    text: str
    options: tuple


def questions(lesson):
    """The questions of a lesson, by its two digits, such as "03".

    Raises ValueError for a lesson that has none, and for a question without exactly one right option or a reason.
    """
    file = _FOLDER / f"{lesson}.toml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in _FOLDER.glob("*.toml")))
        raise ValueError(f"There is no quiz {lesson!r}; expected one of: {known}.")
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    return [_question(entry, file) for entry in data["question"]]


def _question(entry, file):
    options = tuple(
        Option(option["text"], option.get("right", False), option.get("reason", "")) for option in entry["option"]
    )
    if sum(option.right for option in options) != 1 or not all(option.reason for option in options):
        raise ValueError(f"{file.name}: {entry['text']!r} needs one right option, and a reason for each.")
    return Question(entry["text"], options)


def markdown(lesson, lead=""):
    """The quiz as a page that needs no running kernel: `lead`, questions and options, reasons folded below each."""
    parts = ["## Quiz", f"{lead} Choose first, then unfold the reasons.".strip()]
    for number, question in enumerate(questions(lesson), start=1):
        lettered = [(chr(ord("a") + place), option) for place, option in enumerate(question.options)]
        choices = "\n".join(f"- {letter}) {option.text}" for letter, option in lettered)
        reasons = "\n".join(f"- {letter}) {option.verdict()}" for letter, option in lettered)
        parts += [f"**{number}. {question.text}**", choices]
        parts += ["<details><summary>Reasons</summary>", reasons, "</details>"]
    return "\n\n".join(parts)
