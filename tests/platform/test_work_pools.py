"""The base job templates of our work pools, rendered as the real Kubernetes worker renders them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from prefect.client.schemas.objects import FlowRun
from prefect.server.schemas.actions import DeploymentCreate, WorkPoolCreate
from prefect.utilities.schema_tools.validation import ValidationError
from prefect_kubernetes.worker import KubernetesWorkerJobConfiguration

from tests.platform.manifest_checks import faults

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra" / "work-pools"
POOLS = ("orchestrators", "tuning", "simulations")
BUILD = ROOT / "scripts" / "build_work_pools.py"
IMAGE = "example.test/tunegate/pipeline@sha256:" + "0" * 64


def template(pool: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / f"{pool}.json").read_text(encoding="utf-8"))
    return read


async def rendered(pool: str, **job_variables: Any) -> dict[str, Any]:
    """The job that a worker of the pool would create for a run with these job variables."""
    # Prefect asks its client only for blocks and variables that a template mentions; ours mentions none.
    configuration = await KubernetesWorkerJobConfiguration.from_template_and_values(
        template(pool),
        {"image": IMAGE, **job_variables},
        client=object(),  # type: ignore[arg-type]
    )
    configuration.prepare_for_flow_run(FlowRun(id=uuid4(), flow_id=uuid4(), name="manhattan/Trial 0042"))
    return configuration.job_manifest


def pod(job: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = job["spec"]["template"]["spec"]
    return spec


def environment(job: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in pod(job)["containers"][0]["env"]}


@pytest.mark.parametrize("pool", POOLS)
async def test_a_job_of_every_pool_is_what_kubernetes_expects(pool: str) -> None:
    assert faults(await rendered(pool)) == []


@pytest.mark.parametrize("pool", POOLS)
async def test_a_job_with_variables_set_is_what_kubernetes_expects(pool: str) -> None:
    job = await rendered(
        pool,
        name="retune-san-francisco",
        env={"TUNEGATE_RESULTS_URL": "bigquery://a-project/tunegate"},
        labels={"team": "Dispatch & Pricing"},
        active_deadline_seconds=60,
        memory="4Gi",
    )
    assert faults(job) == []
    assert environment(job)["TUNEGATE_RESULTS_URL"] == "bigquery://a-project/tunegate"
    assert job["spec"]["activeDeadlineSeconds"] == 60


async def test_the_checks_find_what_is_wrong() -> None:
    job = await rendered("tuning", image="pipeline:latest", cpu_request="4")
    pod(job)["restartPolicy"] = "Sometimes"
    pod(job)["parallelism"] = 1
    pod(job)["containers"][0]["securityContext"] = {}
    pod(job)["initContainers"][0]["resources"]["limits"]["memory"] = "2GB"
    words = "\n".join(faults(job))
    assert "'pipeline:latest' may become another image" in words
    assert "requests 4 but is limited to 2" in words
    assert "'Sometimes' is none of" in words
    assert "'parallelism' was unexpected" in words
    assert "prefect-job may gain rights" in words
    assert "prefect-job may write to its image" in words
    assert "'2GB' is no quantity" in words


@pytest.mark.parametrize("pool", POOLS)
def test_the_files_are_what_their_source_makes_of_them(pool: str) -> None:
    checked = subprocess.run([sys.executable, str(BUILD), "--check"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")
    assert (FOLDER / f"{pool}.json").exists()


@pytest.mark.parametrize("pool", POOLS)
def test_the_server_takes_the_template_and_every_default_fits_its_schema(pool: str) -> None:
    assert WorkPoolCreate(name=pool, type="kubernetes", base_job_template=template(pool)).base_job_template
    defaults = {name: schema["default"] for name, schema in template(pool)["variables"]["properties"].items()}
    DeploymentCreate(name="d", flow_id=uuid4(), job_variables=defaults).check_valid_configuration(template(pool))


@pytest.mark.parametrize("pool", POOLS)
def test_a_job_variable_that_is_not_declared_is_refused_by_the_server(pool: str) -> None:
    deployment = DeploymentCreate(name="d", flow_id=uuid4(), job_variables={"memroy": "4Gi"})
    with pytest.raises(ValidationError, match="memroy"):
        deployment.check_valid_configuration(template(pool))
    unfit = DeploymentCreate(name="d", flow_id=uuid4(), job_variables={"name": "Not a name of Kubernetes"})
    with pytest.raises(ValidationError, match="Not a name"):
        unfit.check_valid_configuration(template(pool))


@pytest.mark.parametrize("pool", POOLS)
def test_every_declared_variable_is_used_and_explained(pool: str) -> None:
    configuration = json.dumps(template(pool)["job_configuration"])
    for name, schema in template(pool)["variables"]["properties"].items():
        assert f"{{{{ {name} }}}}" in configuration
        assert schema["title"]
        assert len(schema.get("description", "a title says all")) > 10


@pytest.mark.parametrize("pool", POOLS)
async def test_the_proxy_is_up_before_the_run_and_does_not_keep_the_job_alive(pool: str) -> None:
    (proxy,) = pod(await rendered(pool))["initContainers"]
    assert proxy["restartPolicy"] == "Always"
    assert proxy["startupProbe"]["httpGet"]["path"] == "/startup"
    assert "--port=3306" in proxy["args"]


@pytest.mark.parametrize("pool", POOLS)
async def test_the_database_url_comes_from_a_secret_and_no_secret_stands_in_the_job(pool: str) -> None:
    given = environment(await rendered(pool))
    assert given["TUNEGATE_DATABASE_URL"] == {"secretKeyRef": {"name": "tunegate-database", "key": "url"}}
    assert [name for name, value in given.items() if isinstance(value, str) and "://" in value] == []


async def test_what_a_deployment_says_of_the_environment_wins_over_the_template() -> None:
    url = "mysql+pymysql://nobody@127.0.0.1:3306/test"
    given = environment(await rendered("tuning", env={"TUNEGATE_DATABASE_URL": url}))
    assert given["TUNEGATE_DATABASE_URL"] == url
    assert given["PREFECT_RESULTS_PERSIST_BY_DEFAULT"] == "true"


async def test_simulations_cannot_starve_tuners() -> None:
    simulation, tuning = pod(await rendered("simulations")), pod(await rendered("tuning"))
    assert simulation["nodeSelector"] != tuning["nodeSelector"]
    assert [toleration["value"] for toleration in simulation["tolerations"]] == ["simulations"]
    assert simulation["priorityClassName"] == "tunegate-simulations"


@pytest.mark.parametrize(("pool", "command"), [(pool, command) for pool in POOLS for command in (None, "python -m this")])
async def test_an_evicted_run_is_scheduled_again_and_never_started_twice(pool: str, command: str | None) -> None:
    job = await rendered(pool, command=command)
    assert job["spec"]["backoffLimit"] == 0
    assert (job["spec"]["parallelism"], job["spec"]["completions"]) == (1, 1)
    assert environment(job)["PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR"] == "reschedule"
    assert pod(job)["containers"][0]["args"] == (command.split() if command else ["prefect", "flow-run", "execute"])


def test_prefect_yaml_sets_only_what_the_pools_declare() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert {deployment["work_pool"]["name"] for deployment in deployments} == set(POOLS)
    for deployment in deployments:
        declared = template(deployment["work_pool"]["name"])["variables"]["properties"]
        assert set(deployment["work_pool"].get("job_variables", {})) <= set(declared), deployment["name"]


def test_no_deployment_takes_a_lease_that_a_restart_of_the_server_would_lose() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert [deployment["name"] for deployment in deployments if "concurrency_limit" in deployment] == []
