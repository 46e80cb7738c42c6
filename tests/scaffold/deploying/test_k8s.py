"""Kubernetes manifests: by the schemas of three versions, and how their times fit together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scaffold.deploying.projects import (
    PACKAGE,
    each_template,
    judge,
    text,
    texts,
    tool,
    with_secret,
    with_store,
    write,
)

FOLDER = "deploy/k8s/"


def manifests(template: str) -> dict[str, Any]:
    """The documents by their kinds."""
    found = {}
    for path, content in texts(template, "k8s").items():
        document = yaml.safe_load(content)
        assert path.startswith(FOLDER)
        found[document["kind"]] = document
    return found


def pod(template: str, kind: str = "Deployment") -> Any:
    return manifests(template)[kind]["spec"]["template"]["spec"]


def newest_versions() -> tuple[str, ...]:
    """Three versions of Kubernetes, of those whose schemas the validator has."""
    utils = pytest.importorskip("kubernetes_validate.utils")
    versions = {tuple(map(int, each.split(".")[:2])) for each in utils.all_versions()}
    return tuple(f"{major}.{minor}" for major, minor in sorted(versions)[-3:])


@each_template
def test_each_is_valid(template: str) -> None:
    validate = pytest.importorskip("kubernetes_validate").validate
    versions = newest_versions()
    assert len(set(versions)) == 3
    for kind, document in manifests(template).items():
        for version in versions if kind != "Kustomization" else ():
            validate(document, version, strict=True)


def test_the_validator_would_find_something() -> None:
    module = pytest.importorskip("kubernetes_validate")
    deployment = manifests("site")["Deployment"]
    deployment["spec"]["template"]["spec"]["terminationGracePeriod"] = 5
    with pytest.raises(module.ValidationError):
        module.validate(deployment, newest_versions()[-1], strict=True)


@pytest.mark.thorough
@each_template
def test_kustomize_puts_them_together(template: str, tmp_path: Path) -> None:
    kubectl = tool("kubectl")
    write(tmp_path, template, "k8s")
    documents = [*yaml.safe_load_all(judge(kubectl, "kustomize", tmp_path / FOLDER))]
    kinds = {document["kind"] for document in documents}
    assert kinds == manifests(template).keys() - {"Kustomization", "Secret"}
    images = set(re.findall(r"image: (\S+)", yaml.safe_dump_all(documents)))
    assert images == {f"registry.example.com/{PACKAGE}:1"}


@each_template
def test_the_grace_period_fits_the_drain(template: str) -> None:
    spec = pod(template)
    (container,) = spec["containers"]
    pause = re.search(r"\d+", " ".join(container["lifecycle"]["preStop"]["exec"]["command"]))
    drain = [each for each in container["args"] if each.startswith("--drain-timeout=")]
    assert pause
    needed = int(pause[0]) + int(drain[0].partition("=")[2])
    assert needed < spec["terminationGracePeriodSeconds"] <= needed + 10
    probe = container["readinessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] < int(pause[0]), "it is seen in time"


@each_template
def test_probes_ask_what_each_is_for(template: str) -> None:
    (container,) = pod(template)["containers"]
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("liveness", "startup")}
    assert {each["path"] for each in asked.values()} == {"/healthz"}
    ready = container["readinessProbe"]["httpGet"]["path"]
    assert ready == ("/healthz" if template == "minimal" else "/readyz")
    stop = " ".join(container["lifecycle"]["preStop"]["exec"]["command"])
    assert ('touch "$DRAIN_FILE"' in stop) is (template != "minimal")


@each_template
def test_each_selects_the_pods(template: str) -> None:
    found = manifests(template)
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert found[kind]["spec"]["selector"]["matchLabels"] == labels
    assert found["Service"]["spec"]["selector"] == labels
    target = found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target["name"] == found["Deployment"]["metadata"]["name"]
    if template in with_store:
        job = found["Job"]["spec"]["template"]["metadata"]["labels"]
        assert job != labels, "the service would send requests to migrations"


@each_template
def test_autoscaler_and_budget_let_one_pod_go(template: str) -> None:
    found = manifests(template)
    budget = found["PodDisruptionBudget"]["spec"]["maxUnavailable"]
    assert found["HorizontalPodAutoscaler"]["spec"]["minReplicas"] > budget
    assert "replicas" not in found["Deployment"]["spec"], "else each apply would undo the scaling"
    assert pod(template)["containers"][0]["resources"]["requests"]["cpu"], "which it scales by"


@each_template
def test_names_are_those_of_kubernetes(template: str) -> None:
    for document in manifests(template).values():
        name = document.get("metadata", {}).get("name", "my-board")
        assert re.fullmatch(r"my-board(-migrate)?", name)


@each_template
def test_pods_have_no_rights(template: str) -> None:
    for kind in ("Deployment", *(("Job",) if template in with_store else ())):
        spec = pod(template, kind)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["automountServiceAccountToken"] is False
        # A service named "tornkit" would set TORNKIT_PORT for all pods of its namespace.
        assert spec["enableServiceLinks"] is False
        context = spec["containers"][0]["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        user = spec["securityContext"]["runAsUser"]
        assert f"USER {user}\n" in text("Dockerfile", template, "docker")


@each_template
def test_a_secret_is_a_form_to_fill_in(template: str) -> None:
    if template == "minimal":
        assert "Secret" not in manifests(template)
        return
    values = manifests(template)["Secret"]["stringData"]
    expected = {"COOKIE_SECRET"} if template in with_secret else set()
    expected |= {"DATABASE_URL"} if template in with_store else {"TORNKIT_BUS"}
    assert values.keys() == expected
    assert set(values.values()) == {"replace-me"}
    kustomization = text(f"{FOLDER}kustomization.yaml", template, "k8s")
    assert "secret" not in yaml.safe_load(kustomization)["resources"], "it would replace yours"
    for name in values:
        assert f"--from-literal={name}=" in kustomization
