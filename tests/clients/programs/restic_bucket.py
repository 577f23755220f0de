"""Have restic look for a repository in a bucket: MinIO's Go SDK lists it, for any tool built on it.

The bucket holds no repository: that restic says so is the good end.
"""

import os
import subprocess
import sys

# With a region it doesn't ask where the bucket is.
OPTIONS = ("--no-cache", "-o", "s3.region=us-east-1")
NO_REPOSITORY = "key does not exist"


def main():
    """Run it; returns the exit code."""
    address = f"s3:{os.environ['AWS_ENDPOINT_URL_S3']}/reports"
    done = subprocess.run(
        ["restic", *OPTIONS, "-r", address, "cat", "config"],
        env=os.environ | {"RESTIC_PASSWORD": "unused"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if NO_REPOSITORY in done.stderr:
        print("reports")
        return 0
    sys.stderr.write(done.stderr)
    return done.returncode or 1


if __name__ == "__main__":
    sys.exit(main())
