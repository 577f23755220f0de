"""Each refusal is one line in the log: half of the SDKs never show what they were told."""

import logging

from cone_sidecar.errors import ConeError
from cone_sidecar.web.answer import one_line, person_message

LONGEST_PATH = 120
logger = logging.getLogger(__name__)


def log_refusal(path: str, error: ConeError) -> None:
    """Say why ``path`` was refused, in the words that the client was told."""
    logger.warning(
        "refused: %s: %s: %s", one_line(path)[:LONGEST_PATH], error.code, person_message(error)
    )
