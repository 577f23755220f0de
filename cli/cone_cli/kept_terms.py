"""What becomes of the terms that a person words, where a request is open already."""

from collections.abc import Mapping

from cone_cli.terminal import note

NOT_REWORDED = 'the open request for "{profile}" (task {task}) keeps its {terms}'
ESCALATE = "make it one for emergency access: cone task escalate {task}"


def tell_kept_terms(profile: str, task: str, said: Mapping[str, object]) -> None:
    """Say what of the terms that were ``said`` changes nothing, and how emergency access is had."""
    kept = [term for term in ("justification", "duration") if said.get(term)]
    if kept:
        note(NOT_REWORDED.format(profile=profile, task=task, terms=" and ".join(kept)))
    if said.get("emergency"):
        note(ESCALATE.format(task=task))
