"""The manifests of examples/kubernetes: valid, harmless, and run here as a cluster would run them."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import kubernetes_validate
import pytest
import yaml
from click import Context

from icesync import cli, config
from tests.support.desk import Desk, Result

FOLDER = Path(__file__).parents[2] / "examples" / "kubernetes"
Manifest = Mapping[str, Any]
MANIFESTS: list[Manifest] = [
    document
    for path in sorted(FOLDER.glob("*.yaml"))
    if path.name != "icesync.yaml"
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]


def title(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def named(name: str) -> Manifest:
    (found,) = (manifest for manifest in MANIFESTS if title(manifest) == name)
    return found


def pod_template(manifest: Manifest) -> Manifest:
    found: Manifest = manifest["spec"]["template"]
    return found


WORKLOADS = [manifest for manifest in MANIFESTS if manifest["kind"] in ("Job", "Deployment")]
every_workload = pytest.mark.parametrize("workload", WORKLOADS, ids=title)


class Cluster(NamedTuple):
    """What a kubelet does for one container: its folders, its environment, its command line.

    Each volume is a folder; the ConfigMap is laid out as Kubernetes does it, through a link.
    """

    desk: Desk
    tokens: Mapping[str, str]

    @classmethod
    def of(cls, desk: Desk) -> "Cluster":
        data = desk.folder / "icesync-fleet" / "..2026_11_23"
        data.mkdir(parents=True)
        (data / "icesync.yaml").write_bytes((FOLDER / "icesync.yaml").read_bytes())
        (data.parent / "..data").symlink_to(data.name)
        (data.parent / "icesync.yaml").symlink_to("..data/icesync.yaml")
        accounts = config.load(FOLDER).fleet.accounts
        return cls(desk, {each.account.name: f"sandbox-{each.account.id}" for each in accounts})

    def environ(self, container: Manifest, index: int | None) -> dict[str, str]:
        found = {"ICESYNC_API_URL": self.desk.sandbox.url}
        if index is not None:
            found["JOB_COMPLETION_INDEX"] = str(index)
        for variable in container.get("env", ()):
            assert variable["valueFrom"]["secretKeyRef"] == {"name": "icesync-tokens", "key": "tokens.json"}
            found[variable["name"]] = json.dumps(self.tokens)
        return found

    def mounts(self, pod: Manifest, container: Manifest, environ: Mapping[str, str]) -> dict[str, Path]:
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        found = {}
        for mount in container["volumeMounts"]:
            volume = volumes[mount["name"]]
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            source = claim or volume.get("configMap", {}).get("name") or volume["name"]
            within = expanded(mount.get("subPathExpr", mount.get("subPath", "")), environ)
            found[mount["mountPath"]] = self.desk.folder / source / within
            found[mount["mountPath"]].mkdir(parents=True, exist_ok=True)
        return found

    def run(self, job: Manifest, index: int | None = None) -> Result:
        pod = pod_template(job)["spec"]
        (container,) = pod["containers"]
        assert container["command"] == ["icesync"]
        environ = self.environ(container, index)
        mounts = self.mounts(pod, container, environ)
        self.desk.capsys.readouterr()
        line = [located(expanded(word, environ), mounts) for word in container["args"]]
        code = cli.run(line, clock=self.desk.clock, environ=environ)
        return Result(code, *self.desk.capsys.readouterr())


def expanded(text: str, environ: Mapping[str, str]) -> str:
    return re.sub(r"\$\((\w+)\)", lambda found: environ[found[1]], text)


def located(word: str, mounts: Mapping[str, Path]) -> str:
    """The word with the absolute path in it, if there is one, moved to the folder that is mounted there."""
    option, path = re.fullmatch(r"((?:[\w=-]*=)?)(.*)", word).groups()
    if not path.startswith("/"):
        return word
    (place,) = (place for place in mounts if f"{path}/".startswith(f"{place}/"))
    return f"{option}{mounts[place]}{path.removeprefix(place)}"


@pytest.fixture
def cluster(desk: Desk) -> Cluster:
    return Cluster.of(desk)


@pytest.mark.parametrize("version", ["1.29", "1.35"])
@pytest.mark.parametrize("manifest", MANIFESTS, ids=title)
def test_a_manifest_is_as_its_schema_says(manifest: Manifest, version: str) -> None:
    assert kubernetes_validate.validate(dict(manifest), version, strict=True) == version


def test_a_key_that_kubernetes_does_not_know_would_be_found() -> None:
    job = named("Job/icesync-apply")
    misspelt = {**job, "spec": {**job["spec"], "backofLimit": 1}}

    with pytest.raises(kubernetes_validate.ValidationError, match="backofLimit"):
        kubernetes_validate.validate(misspelt, "1.35", strict=True)


@every_workload
def test_a_pod_may_do_nothing_but_its_work(workload: Manifest) -> None:
    pod = pod_template(workload)["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert all("hostPath" not in volume for volume in pod["volumes"])
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


def secrets_of(node: object) -> Iterator[str]:
    """The name of every Secret that something in a manifest takes in, by whatever way."""
    if isinstance(node, list):
        for each in node:
            yield from secrets_of(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("secret", "secretRef", "secretKeyRef"):
                yield value.get("name") or value["secretName"]
            else:
                yield from secrets_of(value)


def test_only_pods_that_call_the_api_have_the_tokens() -> None:
    assert {title(workload): set(secrets_of(workload)) for workload in WORKLOADS} == {
        "Job/icesync-apply": {"icesync-tokens"},
        "Job/icesync-report": set(),
        "Job/icesync-plan": set(),
        "Deployment/icesync-scheduler": set(),
        "Deployment/icesync-worker": {"icesync-tokens"},
    }


def test_no_manifest_brings_a_secret_or_a_value_for_one() -> None:
    assert "Secret" not in {manifest["kind"] for manifest in MANIFESTS}
    containers = [each for workload in WORKLOADS for each in pod_template(workload)["spec"]["containers"]]
    assert [entry for each in containers for entry in each.get("env", ()) if "value" in entry] == []


def volumes(*keys: str) -> set[str]:
    """What the volumes of all pods name under these keys."""
    found = [volume for workload in WORKLOADS for volume in pod_template(workload)["spec"]["volumes"]]
    return {volume[keys[0]][keys[1]] for volume in found if keys[0] in volume}


def test_what_the_pods_ask_for_is_created_by_the_readme_or_a_manifest() -> None:
    commands = (FOLDER / "README.md").read_text(encoding="utf-8")

    created = re.findall(r"create secret generic (\S+) --from-file=tokens.json", commands)
    assert created == ["icesync-tokens"]
    created = re.findall(r"create configmap (\S+) --from-file=icesync.yaml", commands)
    assert set(created) == volumes("configMap", "name")
    claims = (each for each in MANIFESTS if each["kind"] == "PersistentVolumeClaim")
    assert {each["metadata"]["name"] for each in claims} == volumes("persistentVolumeClaim", "claimName")
    assert {path.name for path in FOLDER.glob("*.yaml")} == set(re.findall(r"[\w-]+\.yaml", commands))


def test_the_shards_of_the_job_apply_every_account_once_and_its_report_tells_so(cluster: Cluster) -> None:
    job = named("Job/icesync-apply")
    assert job["spec"]["completionMode"] == "Indexed"

    codes = [cluster.run(job, index).code for index in range(job["spec"]["completions"])]
    told = cluster.run(named("Job/icesync-report"))

    api = cluster.desk.sandbox.api
    assert set(codes) == {0}
    assert sorted(account for method, account in api.calls if method == "POST") == sorted(
        token.removeprefix("sandbox-") for token in cluster.tokens.values()
    )
    assert told.code == 0
    assert re.findall(r"^applied +create +(\S+)", told.out, re.MULTILINE) == sorted(cluster.tokens)
    written = [path.parts[-3:-1] for path in (cluster.desk.folder / "icesync-state").rglob("*.jsonl")]
    assert len(set(written)) == len(written) > 1, "each shard has a journal of its own"


def test_a_second_job_finds_nothing_to_do(cluster: Cluster) -> None:
    job = named("Job/icesync-apply")
    for index in [*range(8), *range(8)]:
        assert cluster.run(job, index).code == 0

    told = cluster.run(named("Job/icesync-report"))

    assert told.out == "Apply: 12 unchanged.\n"


def labels(name: str) -> Mapping[str, str]:
    found: Mapping[str, str] = pod_template(named(name))["metadata"]["labels"]
    return found


def selects(wanted: Mapping[str, str], found: Mapping[str, str]) -> bool:
    return wanted.items() <= found.items()


def admits(selector: Manifest, found: Mapping[str, str]) -> bool:
    expressions = selector.get("matchExpressions", ())
    assert all(each["operator"] == "In" for each in expressions)
    return selects(selector.get("matchLabels", {}), found) and all(
        found.get(each["key"]) in each["values"] for each in expressions
    )


def scheduler_address() -> str:
    service = named("Service/icesync-scheduler")
    (port,) = service["spec"]["ports"]
    return f"tcp://{service['metadata']['name']}:{port['port']}"


@pytest.mark.parametrize("role", ["scheduler", "worker"])
def test_a_dask_pod_runs_a_command_line_that_dask_knows(role: str) -> None:
    from distributed.cli import dask_scheduler, dask_worker

    command = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}[role]
    (container,) = pod_template(named(f"Deployment/icesync-{role}"))["spec"]["containers"]
    line = command.make_context(role, list(container["args"])).params

    assert container["command"] == ["dask", role]
    if role == "worker":
        assert line["scheduler"] == scheduler_address()
        assert [int(line["worker_port"]), int(line["nanny_port"])] == [
            port["containerPort"] for port in container["ports"]
        ]
    else:
        assert scheduler_address().endswith(f":{line['port']}")
        assert selects(
            named("Service/icesync-scheduler")["spec"]["selector"], labels(f"Deployment/icesync-{role}")
        )


def test_the_client_plans_on_the_scheduler_that_is_there() -> None:
    (client,) = pod_template(named("Job/icesync-plan"))["spec"]["containers"]
    verb, *words = client["args"]
    command = cli.root.get_command(Context(cli.root), verb)
    assert command is not None

    line = command.make_context(verb, words).params

    assert client["command"] == ["icesync"]
    assert (line["dask"], str(line["config"])) == (scheduler_address(), "/config")


@pytest.mark.parametrize(
    ("target", "callers"),
    [
        ("Deployment/icesync-scheduler", {"Deployment/icesync-worker", "Job/icesync-plan"}),
        ("Deployment/icesync-worker", {"Deployment/icesync-scheduler", "Deployment/icesync-worker"}),
        ("Job/icesync-plan", set()),
    ],
)
def test_only_those_who_must_can_talk_to_a_pod_that_runs_what_it_is_sent(
    target: str, callers: set[str]
) -> None:
    pods = {title(workload): labels(title(workload)) for workload in WORKLOADS}
    pods["a stranger"] = {"app.kubernetes.io/name": "other", "app.kubernetes.io/component": "worker"}
    policies = [each["spec"] for each in MANIFESTS if each["kind"] == "NetworkPolicy"]
    (policy,) = (each for each in policies if admits(each["podSelector"], pods[target]))
    opened = [rule for rule in policy.get("ingress", ()) if rule["ports"]]

    assert policy["policyTypes"] == ["Ingress"]
    assert {key for rule in opened for peer in rule["from"] for key in peer} <= {"podSelector"}
    assert callers == {
        name
        for name, found in pods.items()
        if any(admits(peer["podSelector"], found) for rule in opened for peer in rule["from"])
    }
    ports = {
        port["name"]
        for each in pod_template(named(target))["spec"]["containers"]
        for port in each.get("ports", ())
    }
    assert {port["port"] for rule in opened for port in rule["ports"]} == ports
