"""An S3 server for the tests marked `remote`, which need the dependency group `remote-test`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

REGION = "us-east-1"


class S3(NamedTuple):
    """A server on this machine with the S3 API.

    Attributes:
        client: a boto3 client.
        variables: environment variables with which programs find the server.
    """

    client: Any
    variables: dict[str, str]

    def put(self, key: str, data: bytes) -> str:
        """Write an object, and return its URL."""
        self.client.put_object(Bucket="batches", Key=key, Body=data)
        return f"s3://batches/{key}"


@pytest.fixture(scope="session")
def _s3_server() -> Iterator[S3]:
    import boto3
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }
    client = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name=REGION,
    )
    for bucket in ("batches", "denied"):
        client.create_bucket(Bucket=bucket)
    client.put_object(Bucket="denied", Key="a.jsonl", Body=b"{}")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::denied", "arn:aws:s3:::denied/*"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    client.put_bucket_policy(Bucket="denied", Policy=json.dumps(policy))
    yield S3(client, variables)
    server.stop()


@pytest.fixture
def s3(_s3_server: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """The server with no objects except in the bucket `denied`. Its environment variables are set."""
    import s3fs

    for name, value in _s3_server.variables.items():
        monkeypatch.setenv(name, value)
    yield _s3_server
    contents = _s3_server.client.list_objects_v2(Bucket="batches").get("Contents", [])
    for row in contents:
        _s3_server.client.delete_object(Bucket="batches", Key=row["Key"])
    s3fs.S3FileSystem.clear_instance_cache()  # The filesystem caches listings.
