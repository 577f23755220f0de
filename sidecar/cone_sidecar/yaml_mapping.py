"""YAML that is one mapping, as nodes: nothing is constructed, and an alias costs nothing."""

import yaml

NULL = "tag:yaml.org,2002:null"


class NotYaml(Exception):
    """Say that it is no YAML, or no mapping, from ``line`` on; neither its text nor the parser's is in here.

    Both may hold a secret.
    """

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


class NoMapping(NotYaml):
    """Say that it is YAML of another kind."""


def yaml_mapping(data: bytes) -> yaml.MappingNode | None:
    """Return the document's mapping, None where it is empty.

    Raises:
        NotYaml: It is something else.
    """
    try:
        root = yaml.compose(data, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise NotYaml(error.problem_mark.line + 1 if error.problem_mark else 1) from None
    except yaml.reader.ReaderError as error:
        raise NotYaml(data[: error.position].count(b"\n") + 1) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise NotYaml(1) from None
    if root is None or root.tag == NULL:
        return None
    if not isinstance(root, yaml.MappingNode):
        raise NoMapping(root.start_mark.line + 1)
    return root
