"""SDKs of C++, C and Rust, as Python packages bring them."""

from clients.client import S3, Client
from clients.python_clients import WHEELS, program

OBJECT_STORE = {"process": "reads no profiles", "token-env": "needs the token's file"}

CLIENTS = (
    Client(
        name="cpp",
        **program(WHEELS, "pyarrow", "pyarrow_buckets.py", title="C++ SDK", about="pyarrow "),
        service=S3,
        shows_message=False,
        unsigned=True,
    ),
    Client(
        name="crt",
        **program(WHEELS, "awscrt", "awscrt_identity.py", title="Common Runtime", about="awscrt "),
        shows_message=False,
    ),
    Client(
        name="rust-aws-config",
        **program(
            WHEELS,
            "icechunk",
            "icechunk_repository.py",
            title="Rust aws-config",
            about="icechunk ",
        ),
        service=S3,
        shows_message=False,
    ),
    Client(
        name="rust-object-store",
        **program(
            WHEELS, "obstore", "obstore_objects.py", title="Rust object_store", about="obstore "
        ),
        service=S3,
        notes=OBJECT_STORE,
    ),
    Client(
        name="deltalake",
        **program(WHEELS, "deltalake", "deltalake_table.py", title="deltalake on object_store"),
        service=S3,
        notes=OBJECT_STORE,
    ),
)
