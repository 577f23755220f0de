"""Run the matrix: lanes beside each other, each with a simulator of its own, share the cases."""

import queue
from concurrent.futures import ThreadPoolExecutor

from fakes.matrix_case import BOTO3, COMMAND_LINE
from fakes.matrix_faults import FAULTY
from fakes.matrix_grants import COMBINED, GRANTS
from fakes.matrix_lane import Lane
from fakes.matrix_policies import POLICIES

CASES = {case.name: case for case in POLICIES + GRANTS + COMBINED + FAULTY}
# Most cases wait most of the time.
LANES = {COMMAND_LINE: 4, BOTO3: 4}


def observe(wanted):
    """Run the wanted (case, face) pairs; returns what was seen, or the exception, by (name, face)."""
    seen = {}
    with ThreadPoolExecutor(sum(LANES.values())) as pool:
        running = []
        for face, lanes in LANES.items():
            cases = [case for case, asked in wanted if asked == face]
            waiting = queue.SimpleQueue()
            for case in sorted(cases, key=lambda each: not each.slow):
                waiting.put(case)
            running += [
                pool.submit(_run_lane, face, cases, waiting, seen)
                for _ in range(min(lanes, len(cases)))
            ]
        for lane in running:
            lane.result()
    return seen


def _run_lane(face, cases, waiting, seen):
    with Lane(face, cases) as lane:
        while True:
            try:
                case = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                seen[case.name, face] = lane.run(case)
            except Exception as failure:  # noqa: BLE001 -- raised in the test of this case
                seen[case.name, face] = failure
                lane.stage.control("DELETE", "/faults")
