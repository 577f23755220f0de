"""A YAML document, changed in its text: comments, order and spelling of all else stay."""

import sys

import yaml

from cone_sidecar.yaml_mapping import NotYaml, yaml_mapping

INDENT = 4
MAPPING = "tag:yaml.org,2002:map"
# From and up to which character, the last exclusive, and what stands there instead.
Edit = tuple[int, int, str]


class _Unclear(Exception):
    """The text gives no place for a change."""


def changed_yaml(data: bytes, root: yaml.MappingNode) -> bytes:
    """Return ``data`` with the mapping that it holds become ``root``.

    Values that differ are written in their place, and keys that are new behind the last one. Where that
    doesn't say what ``root`` does (an alias, a mapping in braces), the whole is written anew, without
    comments.
    """
    try:
        before = yaml_mapping(data)
        text = data.decode()
        edits = sorted(_edits(before, root, text), reverse=True) if before else []
        for start, stop, new in edits:
            text = text[:start] + new + text[stop:]
        changed = text.encode()
        if before and _same(yaml_mapping(changed), root):
            return changed
    except (_Unclear, NotYaml, UnicodeError):
        pass
    return _render(root).encode()


def _edits(before: yaml.MappingNode, after: yaml.MappingNode, text: str) -> list[Edit]:
    """Return what makes ``before`` into ``after``, whose first keys are the same ones."""
    edits: list[Edit] = []
    for (_, old), (_, new) in zip(before.value, after.value, strict=False):
        if isinstance(old, yaml.MappingNode) and isinstance(new, yaml.MappingNode):
            edits += _edits(old, new, text)
        elif not _same(old, new):
            edits.append((old.start_mark.index, old.end_mark.index, _render(new).split("\n")[0]))
    if added := after.value[len(before.value) :]:
        edits.append(_addition(before, added, text))
    return edits


def _addition(
    before: yaml.MappingNode, added: list[tuple[yaml.Node, yaml.Node]], text: str
) -> Edit:
    if before.flow_style or not before.value:
        raise _Unclear
    last = before.value[-1][1]
    while isinstance(last, yaml.MappingNode) and last.value and not last.flow_style:
        last = last.value[-1][1]
    line_end = text.find("\n", last.end_mark.index)
    place = len(text) if line_end < 0 else line_end + 1
    indent = " " * before.value[0][0].start_mark.column
    lines = _render(yaml.MappingNode(MAPPING, added)).splitlines(keepends=True)
    return place, place, ("\n" if line_end < 0 else "") + "".join(indent + line for line in lines)


def _same(one: yaml.Node | None, other: yaml.Node | None) -> bool:
    """Tell whether two nodes say the same, however they are written."""
    if isinstance(one, yaml.CollectionNode) and isinstance(other, yaml.CollectionNode):
        ours, theirs = _parts(one), _parts(other)
        return len(ours) == len(theirs) and all(map(_same, ours, theirs)) and one.tag == other.tag
    return (
        isinstance(one, yaml.ScalarNode)
        and isinstance(other, yaml.ScalarNode)
        and (one.tag, one.value) == (other.tag, other.value)
    )


def _parts(node: yaml.CollectionNode) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value)


def _render(node: yaml.Node) -> str:
    text: str = yaml.serialize(
        node, Dumper=yaml.SafeDumper, indent=INDENT, width=sys.maxsize, allow_unicode=True
    )
    return text
