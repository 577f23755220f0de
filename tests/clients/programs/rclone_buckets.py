"""List the buckets with rclone: ``rclone_buckets.py RCLONE [CALLS PAUSE_S]``.

One call is the command as people type it. Several are made by one rclone that serves its remote
control, as it does behind a user interface: it keeps its credentials from call to call.
"""

import contextlib
import ctypes
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading

SERVING = re.compile(r"Serving remote control on http://127\.0\.0\.1:(\d+)/")
# How often it tries is left to its SDK: rclone's own tries would multiply that, up to a minute.
GLOBAL = ("--config=", "--retries=1", "--low-level-retries=1")
LIMIT_S = 60
PR_SET_PDEATHSIG = 1


def options():
    """Return what rclone needs to know of the endpoint; credentials are its SDK's business."""
    return {"provider": "Other", "env_auth": "true", "region": "us-east-1"} | {
        "endpoint": os.environ["AWS_ENDPOINT_URL_S3"]
    }


def once(rclone):
    """Become ``rclone lsd``."""
    flags = [f"--s3-{name.replace('_', '-')}={value}" for name, value in options().items()]
    command = [rclone, *GLOBAL, *flags, "lsd", ":s3:"]
    os.execv(rclone, command)  # noqa: S606 -- no shell is wanted


def end_with_this_program():
    """Be ended even where this program is killed: rclone would serve on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def remote_control(rclone):
    """Serve rclone's remote control on loopback inside the block; gives its port."""
    command = [rclone, *GLOBAL, "-v", "rcd", "--rc-addr=127.0.0.1:0", "--rc-no-auth"]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=end_with_this_program,  # noqa: PLW1509 -- there is one thread so far
    ) as child:
        try:
            for line in child.stderr:
                if found := SERVING.search(line):
                    threading.Thread(target=child.stderr.read, daemon=True).start()
                    yield int(found[1])
                    return
            raise SystemExit("rclone's remote control did not start")
        finally:
            child.terminate()


def listing(port):
    """Return the buckets' names, each followed by a space."""
    settings = ",".join(f"{name}='{value}'" for name, value in options().items())
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    with contextlib.closing(connection):
        body = json.dumps({"fs": f":s3,{settings}:", "remote": ""})
        connection.request("POST", "/operations/list", body, {"Content-Type": "application/json"})
        answer = json.load(connection.getresponse())
    if "error" in answer:
        raise SystemExit(answer["error"])
    return " ".join(entry["Name"] for entry in answer["list"])


def main(rclone, calls="1", pause_s="0"):
    """List as often as it is asked for, a line each."""
    if int(calls) == 1:
        once(rclone)
    with remote_control(rclone) as port:
        for call in range(int(calls)):
            if call:
                threading.Event().wait(float(pause_s))
            print(listing(port), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
