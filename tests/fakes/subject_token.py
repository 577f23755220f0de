"""A workload's OIDC token, as kubelet projects it into a file: signed by nobody whom the simulator knows."""

import base64
import json

from cone_sidecar.clock import SystemClock


def subject_token(audience, *, expires_in=3600, age=0, subject="system:serviceaccount:shop:cone"):
    """Return a token for ``audience``, made ``age`` seconds ago; a negative ``expires_in`` has ended."""
    now = int(SystemClock().now().timestamp())
    claims = {
        "iss": "https://kubernetes.default.svc",
        "sub": subject,
        "aud": [audience],
        "iat": now - age,
        "exp": now + expires_in,
    }
    return ".".join(_segment(part) for part in ({"alg": "RS256"}, claims, {"no": "signature"}))


def _segment(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
