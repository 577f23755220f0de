"""Where what was seen of a case isn't what was promised."""

from fakes.matrix_case import COMMAND_LINE
from fakes.matrix_promise import ENDINGS

SERVED = frozenset({0, 200})


def disagreements(case, face, seen):
    """Return a sentence for each."""
    return [*_ending(case, face, seen), *_calls(case, face, seen), *_afterwards(case, seen)]


def _ending(case, face, seen):
    promise = case.promises[face]
    ending = ENDINGS[promise.ending]
    code = ending.exit_code if face == COMMAND_LINE else ending.status
    if seen.code != code:
        yield f"ended with {seen.code} ({seen.words!r}), promised is {code} ({promise.ending})"
    elif face == COMMAND_LINE and not promise.words(case.profile).fullmatch(seen.words):
        yield f"said {seen.words!r}, promised is {promise.said + ending.text!r}"
    elif face != COMMAND_LINE and seen.words != ending.code:
        yield f"answered {seen.words!r}, promised is {ending.code!r}"


def _calls(case, face, seen):
    promise = case.promises[face]
    for operation in sorted(promise.calls.keys() | seen.calls.keys()):
        count = seen.calls.get(operation, 0)
        if not promise.allows(operation, count):
            promised = promise.calls.get(operation, "0")
            yield f"called {operation} {count} times, promised is {promised}"


def _afterwards(case, seen):
    if seen.made != case.requests:
        yield f"made {seen.made} requests, promised is {case.requests}"
    if case.again and seen.again not in SERVED:
        yield f"the next call ended with {seen.again}, promised are credentials"
