"""A workload's OIDC token, as kubelet projects it into a file: signed by nobody whom the simulator knows."""

import base64
import json

from cone_sidecar.clock import SystemClock


def subject_token(audience, *, expires_in=3600, subject="system:serviceaccount:shop:cone"):
    """Return a token for ``audience``; one whose ``expires_in`` is negative has ended."""
    now = int(SystemClock().now().timestamp())
    claims = {
        "iss": "https://kubernetes.default.svc",
        "sub": subject,
        "aud": [audience],
        "iat": now,
        "exp": now + expires_in,
    }
    return ".".join(_segment(part) for part in ({"alg": "RS256"}, claims, {"no": "signature"}))


def _segment(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
