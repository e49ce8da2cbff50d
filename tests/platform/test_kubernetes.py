"""infra/kubernetes: strictly valid, complete, and in agreement with Terraform and the work pools."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.provisioning.automation_definitions import SILENCE
from cli.provisioning.blocks import RESULT_BLOCK, SLACK_BLOCK
from cli.provisioning.pools import POOLS
from tests.platform.manifest_checks import faults, quantity
from tests.platform.terraform_checks import Module
from tunegate.config import workspace

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra" / "kubernetes"
RENDER = ROOT / "scripts" / "render_kubernetes.py"
IMAGE = "asia-northeast1-docker.pkg.dev/a-project/tunegate-production/pipeline@sha256:" + "0" * 64
INSTALLATION = {
    "project_id": "a-project",
    "environment": "production",
    "approvers_group": "dispatch-leads@example.com",
    "mysql_instance": "a-project:asia-northeast1:tunegate-production-mysql",
    "postgres_instance": "a-project:asia-northeast1:tunegate-production-postgres",
    "results_url": "bigquery://a-project/tunegate_production",
    "publish_url": "gs://a-project-tunegate-production-published",
    "reports_url": "gs://a-project-tunegate-production-reports",
    "results_bucket": "a-project-tunegate-production-results",
    "data_bucket": "a-project-tunegate-production-data",
    "database_range": "10.12.0.0/20",
    "nodes_range": "10.10.0.0/20",
    "services_range": "10.11.0.0/20",
    "orchestrator_account": "tg-production-orchestrator@a-project.iam.gserviceaccount.com",
    "prefect_server_account": "tg-production-prefect-server@a-project.iam.gserviceaccount.com",
    "simulator_account": "tg-production-simulator@a-project.iam.gserviceaccount.com",
    "tuner_account": "tg-production-tuner@a-project.iam.gserviceaccount.com",
}

Objects = list[dict[str, Any]]


def render(folder: Path, installation: dict[str, str], image: str = IMAGE) -> subprocess.CompletedProcess[str]:
    file = folder / "installation.json"
    file.write_text(json.dumps(installation), encoding="utf-8")
    command = [sys.executable, str(RENDER), str(file), "--image", image]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    rendered = render(tmp_path_factory.mktemp("installation"), INSTALLATION)
    assert rendered.returncode == 0, rendered.stderr
    return list(yaml.safe_load_all(rendered.stdout))


@pytest.fixture(scope="module")
def terraform() -> Module:
    return Module.of(ROOT / "infra" / "terraform")


def names(objects: Objects, kind: str) -> set[str]:
    return {item["metadata"]["name"] for item in objects if item["kind"] == kind}


def find(value: Any, key: str) -> list[Any]:
    """Every value of a key, at any depth."""
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    here = [value[key]] if isinstance(value, dict) and key in value else []
    return here + [hit for inner in below for hit in find(inner, key)]


def pools() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "infra" / "work-pools").glob("*.json")}


def defaults(pool: dict[str, Any]) -> dict[str, Any]:
    return {name: schema["default"] for name, schema in pool["variables"]["properties"].items()}


def test_every_object_is_what_kubernetes_expects(objects: Objects) -> None:
    assert len(objects) > 25
    found = {f"{item['kind']}/{item['metadata']['name']}": faults(item) for item in objects}
    assert {name: words for name, words in found.items() if words} == {}


def test_an_object_stands_there_once_and_in_our_namespace(objects: Objects) -> None:
    keys = [(item["kind"], item["metadata"]["name"]) for item in objects]
    assert len(keys) == len(set(keys))
    without = {item["kind"] for item in objects if "namespace" not in item["metadata"]}
    assert without == {"Namespace", "PriorityClass", "PersistentVolume"}
    assert {item["metadata"].get("namespace", "tunegate") for item in objects} == {"tunegate"}


def test_manifests_ask_for_what_terraform_prints_and_for_nothing_else(terraform: Module) -> None:
    printed = {name.strip('"') for name in terraform.outputs["installation"]["value"] if not name.startswith("__")}
    assert printed == set(INSTALLATION)
    asked = {name for path in FOLDER.glob("*.yaml") for name in re.findall(r"\$\{(\w+)\}", path.read_text(encoding="utf-8"))}
    # The scripts and docs/deploy-gcp.md use the other ones.
    assert asked - {"image"} <= printed


@pytest.mark.parametrize(
    ("installation", "image", "words"),
    [
        ({key: value for key, value in INSTALLATION.items() if key != "data_bucket"}, IMAGE, "does not say 'data_bucket'"),
        (INSTALLATION, "pipeline:latest", "a tag that never moves, not pipeline:latest"),
        (INSTALLATION, "pipeline", "a tag that never moves, not pipeline"),
    ],
)
def test_an_incomplete_installation_prints_nothing(
    tmp_path: Path, installation: dict[str, str], image: str, words: str
) -> None:
    rendered = render(tmp_path, installation, image)
    assert (rendered.returncode, rendered.stdout) == (2, "")
    assert words in rendered.stderr
    assert "Traceback" not in rendered.stderr


def test_what_pods_refer_to_exists(objects: Objects) -> None:
    secrets = set(re.findall(r"\| put (\S+) ", (FOLDER / "create_secrets.sh").read_text(encoding="utf-8")))
    templates = [defaults(pool) for pool in pools().values()]
    everything: list[Any] = [*objects]
    assert {ref["name"] for ref in find(everything, "secretKeyRef")} | {t["database_secret"] for t in templates} == secrets
    maps = {ref["name"] for ref in find(everything, "configMapKeyRef")} | {t["settings_config_map"] for t in templates}
    assert maps == names(objects, "ConfigMap")
    assert {t["data_claim"] for t in templates} == names(objects, "PersistentVolumeClaim")
    assert {t["namespace"] for t in templates} == names(objects, "Namespace")
    accounts = set(find(everything, "serviceAccountName")) | {t["service_account_name"] for t in templates}
    assert accounts == names(objects, "ServiceAccount")
    classes = set(find(everything, "priorityClassName")) | {t["priority_class"] for t in templates}
    assert classes == names(objects, "PriorityClass")


def test_the_settings_hold_every_key_that_pods_take_from_them(objects: Objects) -> None:
    settings = next(item["data"] for item in objects if item["kind"] == "ConfigMap")
    keys = {ref["key"] for value in (objects, [*pools().values()]) for ref in find(value, "configMapKeyRef")}
    assert keys <= set(settings)
    assert not [value for value in settings.values() if "@" in value or "password" in value.lower()]


def test_every_pool_has_a_quota_of_its_own_and_a_worker(objects: Objects) -> None:
    quotas = {
        expression["values"][0]: item["spec"]["hard"]
        for item in objects if item["kind"] == "ResourceQuota"
        for expression in item["spec"].get("scopeSelector", {}).get("matchExpressions", [])
    }  # fmt: skip
    assert set(quotas) == {defaults(pool)["priority_class"] for pool in pools().values()}
    assert all({"pods", "requests.cpu", "requests.memory"} <= set(hard) for hard in quotas.values())
    workers = next(item for item in objects if item["metadata"]["name"] == "prefect-workers" and item["kind"] == "Deployment")
    containers = workers["spec"]["template"]["spec"]["containers"]
    assert {container["args"][container["args"].index("--pool") + 1] for container in containers} == set(pools())
    environment = [entry for container in containers for entry in container["env"]]
    ports = [entry["value"] for entry in environment if entry["name"].endswith("WEBSERVER_PORT")]
    assert [str(container["livenessProbe"]["httpGet"]["port"]) for container in containers] == ports
    assert len(set(ports)) == 3


def test_a_quota_is_no_tighter_than_the_limit_of_its_pool(objects: Objects) -> None:
    """Else runs would end as jobs whose pods are refused, and not wait in Prefect."""
    hard = {item["metadata"]["name"]: item["spec"]["hard"] for item in objects if item["kind"] == "ResourceQuota"}
    for pool, (_, limit) in POOLS.items():
        pod = find(pools()[pool], "initContainers")[0][0]["resources"]["requests"]
        given = defaults(pools()[pool])
        assert int(hard[pool]["pods"]) >= limit
        # The driver of the data bucket takes as much as the proxy.
        assert quantity(hard[pool]["requests.cpu"]) >= limit * (quantity(given["cpu_request"]) + 2 * quantity(pod["cpu"]))
        assert quantity(hard[pool]["requests.memory"]) >= limit * (quantity(given["memory"]) + 2 * quantity(pod["memory"]))


def test_settings_are_the_ones_that_programs_read(objects: Objects) -> None:
    settings = next(item["data"] for item in objects if item["kind"] == "ConfigMap")
    read = {value for name, value in vars(workspace).items() if name.endswith("_VARIABLE")}
    assert {name for name in settings if name.startswith("TUNEGATE_")} <= read
    assert settings["TUNEGATE_SLACK_BLOCK"] == SLACK_BLOCK
    assert settings["PREFECT_DEFAULT_RESULT_STORAGE_BLOCK"] == f"gcs-bucket/{RESULT_BLOCK}"
    assert 3 * int(settings["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"]) <= SILENCE.total_seconds()
    server = next(item for item in objects if item["metadata"]["name"] == "prefect-server" and item["kind"] == "Deployment")
    (container,) = server["spec"]["template"]["spec"]["containers"]
    assert find_spec(container["args"][container["args"].index("-m") + 1]) is not None


def test_a_priority_class_orders_the_pools(objects: Objects) -> None:
    values = {item["metadata"]["name"]: item["value"] for item in objects if item["kind"] == "PriorityClass"}
    order = ["tunegate-platform", "tunegate-orchestrators", "tunegate-tuning", "tunegate-simulations"]
    assert sorted(values, key=lambda name: -values[name]) == order


def test_service_accounts_are_those_that_terraform_lets_act_as_google_ones(objects: Objects, terraform: Module) -> None:
    annotated = {
        item["metadata"]["name"]: item["metadata"]["annotations"]["iam.gke.io/gcp-service-account"]
        for item in objects if item["kind"] == "ServiceAccount" and "annotations" in item["metadata"]
    }  # fmt: skip
    assert set(annotated) == {name.strip('"') for name in terraform.locals["identities"] if not name.startswith("__")}
    assert annotated == {name: f"tg-production-{name}@a-project.iam.gserviceaccount.com" for name in annotated}
    member = terraform.resources["google_service_account_iam_member"]["workload"]["member"]
    assert "svc.id.goog[tunegate/${each.key}]" in member


def test_only_workers_may_speak_with_kubernetes_and_they_read_no_secret(objects: Objects) -> None:
    accounts = [item for item in objects if item["kind"] == "ServiceAccount"]
    mounted = {item["metadata"]["name"] for item in accounts if item["automountServiceAccountToken"]}
    assert mounted == {"prefect-worker"}
    rules = [rule for item in objects if item["kind"] == "Role" for rule in item["rules"]]
    resources = {resource for rule in rules for resource in rule["resources"]}
    assert "secrets" not in resources
    assert "*" not in resources | {verb for rule in rules for verb in rule["verbs"]}


def test_selectors_select_the_pods_they_are_meant_for(objects: Objects) -> None:
    labels = [item["spec"]["template"]["metadata"]["labels"] for item in objects if item["kind"] == "Deployment"]
    pool_labels = find(pools()["tuning"], "template")[0]["metadata"]["labels"]
    for item in objects:
        if item["kind"] in {"PodDisruptionBudget", "Service", "Deployment"}:
            selector = item["spec"]["selector"].get("matchLabels", item["spec"]["selector"])
            assert [one for one in labels if selector.items() <= one.items()] != [], item["metadata"]["name"]
    (allowed,) = [item for item in objects if item["metadata"]["name"] == "server-from-tunegate"]
    source = allowed["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"]
    assert all(source.items() <= one.items() for one in [*labels, pool_labels])


TOOL = """#!{python}
import os, sys
from pathlib import Path
with Path(os.environ["SEEN"]).open("a") as seen:
    seen.write("argv: " + " ".join(sys.argv[1:]) + "\\n")
    if "--from-file" in " ".join(sys.argv):
        seen.write("stdin: " + sys.stdin.read() + "\\n")
    elif "apply" in sys.argv:
        sys.stdin.read()
    else:
        print(os.environ["PLANTED"] + sys.argv[-1].rsplit("-", 2)[1])
"""


def run_create_secrets(folder: Path, planted: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """The script with stand-ins for gcloud and kubectl that write down what they were given."""
    (folder / "installation.json").write_text(json.dumps(INSTALLATION), encoding="utf-8")
    for tool in ("gcloud", "kubectl"):
        (folder / tool).write_text(TOOL.format(python=sys.executable), encoding="utf-8")
        (folder / tool).chmod(0o755)
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "SEEN": str(folder / "seen"), "PLANTED": planted}
    command = ["bash", str(FOLDER / "create_secrets.sh"), str(folder / "installation.json")]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return ran, (folder / "seen").read_text(encoding="utf-8")


def test_passwords_go_from_secret_manager_to_kubernetes_and_stand_in_no_argument(tmp_path: Path) -> None:
    ran, seen = run_create_secrets(tmp_path, "planted%42-")
    assert ran.returncode == 0, ran.stderr
    arguments = [line for line in seen.splitlines() if line.startswith("argv: ")]
    assert "argv: secrets versions access latest --project a-project --secret tunegate-production-mysql-password" in arguments
    assert not [line for line in arguments if "planted" in line]
    assert "planted" not in ran.stdout + ran.stderr
    assert "stdin: mysql+pymysql://tunegate:planted%42-mysql@127.0.0.1:3306/tunegate\n" in seen
    assert "stdin: postgresql+asyncpg://prefect:planted%42-postgres@127.0.0.1:5432/prefect\n" in seen
    assert "stdin: prefect:planted%42-prefect\n" in seen
