"""A person who answers questions by a list that a test wrote down."""

from cone_sidecar.errors import UsageError


class Person:
    """Give one answer after the other; what was shown and asked is kept."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.shown = []
        self.asked = []

    def say(self, text):
        self.shown.append(text)

    def line(self, question):
        self.asked.append(question)
        if not self.answers:
            raise UsageError("the input ended before everything was answered")
        return self.answers.pop(0)

    secret = line
