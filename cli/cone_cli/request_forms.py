"""The forms of one request: the one bound to its entitlement, and those that its task turns out to have."""

from collections.abc import Mapping

from cone_cli.form_answers import OPTION, Answers, FormFiller
from cone_cli.prompt import Prompter
from cone_cli.terminal import note
from cone_sidecar.clock import Clock
from cone_sidecar.conductorone.request_form import RequestForm


class RequestForms:
    """Fill them in; what was answered once isn't asked again.

    Args:
        command: The command that a person would repeat, with ``--form-data`` behind it.
        clock: The time.
        prompter: Who is asked; None for defaults alone.
        given: Answers from the command line.
    """

    def __init__(
        self,
        *,
        command: str,
        clock: Clock,
        prompter: Prompter | None,
        given: Mapping[str, object] | None = None,
    ) -> None:
        self.prompter = prompter
        self._command = command
        self._clock = clock
        self._given = dict(given or {})
        self._collected: Answers = {}

    def answer_bound(self, form: RequestForm | None) -> Answers:
        """Return the answers that go with the request.

        Without a form they are what was given: it may be that one turns up later.

        Raises:
            UsageError: What was given doesn't fit the form.
            RequestFormRequired: Something is needed that can't be had here.
        """
        if form is None:
            if self._given:
                note(f"no request form is bound to this entitlement: {OPTION} is sent as it is")
            return self._given
        self._collected = self._fill_in(form, self._given)
        self._given = {}
        return self._collected

    def answer(self, form: RequestForm) -> Answers:
        """Return the answers to a form of the task; raises as :meth:`answer_bound` does."""
        known = {name: value for name, value in self._collected.items() if name in form.names}
        self._collected |= (answers := self._fill_in(form, known | self._given))
        return answers

    def _fill_in(self, form: RequestForm, known: Mapping[str, object]) -> Answers:
        today = self._clock.now().astimezone().date()
        filler = FormFiller(form, command=self._command, today=today, prompter=self.prompter)
        return filler.fill_in(known)
