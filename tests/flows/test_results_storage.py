"""Prefect keeps results of tasks in a bucket, through the block that a team uses, so that a run in another pod finds them."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.flows.conftest import Installation
from tests.services.gcs import gcs_service

pytestmark = pytest.mark.slow

TOKEN = "token-of-the-test"  # noqa: S105
SCRIPT = """
import json, os, sys
from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect_gcp import GcpCredentials, GcsBucket

credentials = GcpCredentials(service_account_info=json.loads(os.environ["TEST_SERVICE_ACCOUNT"]), project="acme-tunegate")
block = GcsBucket(bucket="runs", bucket_folder="results", gcp_credentials=credentials)
block.save("results", overwrite=True)

@task(persist_result=True, cache_policy=INPUTS)
def double(number):
    sys.stdout.write("worked\\n")
    return 2 * number

@flow(result_storage=block, persist_result=True)
def doubled(number):
    return double(number)

sys.stdout.write(f"{doubled(21)}\\n")
"""


def service_account(token_uri: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    named = {"type": "service_account", "project_id": "acme-tunegate", "client_email": "runs@acme-tunegate.example"}
    return json.dumps({**named, "private_key": pem, "token_uri": token_uri})


def test_a_run_in_another_process_finds_the_result_in_the_bucket(installation: Installation):
    with gcs_service("runs", token=TOKEN) as gcs:
        installation.environment |= {
            "STORAGE_EMULATOR_HOST": gcs.url,
            "TEST_SERVICE_ACCOUNT": service_account(f"{gcs.url}/token"),
        }
        assert installation.python(SCRIPT).split() == ["worked", "42"]
        assert gcs.buckets["runs"]
        assert all(name.startswith("results/") for name in gcs.buckets["runs"])
        assert installation.python(SCRIPT).split() == ["42"], "the task must not work again"
