"""What is in the layers of an image, whatever order an engine packed it in."""

import hashlib
import itertools
import json
import subprocess
import tarfile
import tempfile

SAVE_LIMIT_S = 120


def packed_alike(docker, one, other):
    """Tell whether two images hold the same layers; their digests are the quick answer.

    Docker 20.10 sorts a layer's files in two ways, by whole path or directory by directory, and chooses by
    what else it holds: the same files then have another digest.
    """
    digests = docker.layers(one), docker.layers(other)
    pairs = enumerate(itertools.zip_longest(*digests))
    others = [place for place, (ours, theirs) in pairs if ours != theirs]
    if not others or len(digests[0]) != len(digests[1]):
        return not others
    return layer_contents(one, others) == layer_contents(other, others)


def layer_contents(image, places):
    """Return a digest for each layer at ``places``: of its files' names, rights, owners, ages and content."""
    with tempfile.TemporaryFile() as file:
        subprocess.run(["docker", "save", image], stdout=file, check=True, timeout=SAVE_LIMIT_S)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            layers = json.load(archive.extractfile("manifest.json"))[0]["Layers"]
            return [_contents(archive.extractfile(layers[place])) for place in places]


def _contents(packed):
    with tarfile.open(fileobj=packed) as layer:
        entries = sorted(_entry(layer, member) for member in layer)
    return hashlib.sha256("\n".join(entries).encode()).hexdigest()


def _entry(layer, member):
    content = layer.extractfile(member).read() if member.isfile() else b""
    about = (member.type, member.mode, member.uid, member.gid, member.mtime, member.linkname)
    told = (*about, sorted(member.pax_headers.items()), hashlib.sha256(content).hexdigest())
    return f"{member.name!r} {told!r}"
