"""What is in the layers of an image, whatever order an engine packed it in."""

import hashlib
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
    return docker.layers(one) == docker.layers(other) or (
        layer_contents(one) == layer_contents(other)
    )


def layer_contents(image):
    """Return a digest for each layer: of every file's name, rights, owner, age, links and content."""
    with tempfile.TemporaryFile() as file:
        subprocess.run(["docker", "save", image], stdout=file, check=True, timeout=SAVE_LIMIT_S)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            layers = json.load(archive.extractfile("manifest.json"))[0]["Layers"]
            return [_contents(archive.extractfile(layer)) for layer in layers]


def _contents(packed):
    with tarfile.open(fileobj=packed) as layer:
        entries = sorted(_entry(layer, member) for member in layer)
    return hashlib.sha256("\n".join(entries).encode()).hexdigest()


def _entry(layer, member):
    content = layer.extractfile(member).read() if member.isfile() else b""
    about = (member.type, member.mode, member.uid, member.gid, member.mtime, member.linkname)
    told = (*about, sorted(member.pax_headers.items()), hashlib.sha256(content).hexdigest())
    return f"{member.name!r} {told!r}"
