"""Whether boto3 and the AWS CLI can read an AWS file: a line that they don't take costs every profile in it.

botocore's configloader reads with Python's own parser, which is stricter than the other SDKs' are.
"""

import configparser
import shlex
from collections.abc import Mapping
from pathlib import Path

from cone_cli.doctor.finding import Finding, Level
from cone_cli.doctor.sdk_profiles import CONFIG, CREDENTIALS, sdk_file
from cone_sidecar.ascii_text import ascii_text

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def check_strict_reading(environment: Mapping[str, str]) -> list[Finding]:
    """Return what keeps both from the files that SDKs read; one that isn't there keeps nobody."""
    paths = [sdk_file(environment, *place) for place in (CONFIG, CREDENTIALS)]
    return [finding for path in paths for finding in _file(path)]


def _file(path: Path) -> list[Finding]:
    try:
        content = path.read_bytes()
    except OSError:
        # Whoever reads it tells why it can't be read.
        return []
    if content.startswith(BYTE_ORDER_MARK):
        what = _what(path, "begins with a byte order mark")
        fix = f"sed -i '1s/^\\xEF\\xBB\\xBF//' {shlex.quote(str(path))}"
        return [Finding("aws-files", Level.FAIL, what, fix, str(path))]
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = _what(path, f"is not UTF-8 at line {line}")
        return [Finding("aws-files", Level.FAIL, what, f"mend line {line}", str(path))]
    return _text(text, path)


def _text(text: str, path: Path) -> list[Finding]:
    # As botocore has it: no section is one for all others.
    parser = configparser.RawConfigParser(default_section="")
    try:
        parser.read_string(text)
    except configparser.DuplicateSectionError as error:
        what = _what(path, f"holds [{ascii_text(error.section)}] more than once")
        fix = f"leave one section: line {error.lineno} begins another"
        return [Finding("duplicate-section", Level.FAIL, what, fix, str(path))]
    except configparser.DuplicateOptionError as error:
        what = _what(
            path, f"holds {ascii_text(error.option)} twice in [{ascii_text(error.section)}]"
        )
        fix = f"leave one of them: line {error.lineno} is another"
        return [Finding("duplicate-key", Level.FAIL, what, fix, str(path))]
    except configparser.Error:
        # A line that no AWS tool can read is told of where the file is read.
        return []
    return []


def _what(path: Path, fault: str) -> str:
    return f"{ascii_text(str(path))} {fault}: boto3 and the AWS CLI read nothing of the file"
