"""What docs/kubernetes.md promises of every variant, beside what Kubernetes' schemas ask for."""

import sys
from pathlib import Path

import yaml


def mistakes(documents):
    """Everything that is not as promised, one line each."""
    by_kind = {}
    for document in documents:
        by_kind.setdefault(document["kind"], []).append(document)
    labels = [deployment["spec"]["template"]["metadata"]["labels"] for deployment in by_kind["Deployment"]]
    for deployment in by_kind["Deployment"]:
        yield from of_deployment(deployment["spec"]["template"]["spec"])
    for service in by_kind["Service"]:
        yield from unselected("Service", service["spec"]["selector"], labels)
    for budget in by_kind.get("PodDisruptionBudget", []):
        yield from unselected("PodDisruptionBudget", budget["spec"]["selector"].get("matchLabels"), labels)
    for scaler in by_kind.get("HorizontalPodAutoscaler", []):
        target = scaler["spec"]["scaleTargetRef"]["name"]
        if target not in [deployment["metadata"]["name"] for deployment in by_kind["Deployment"]]:
            yield f"the autoscaler scales {target}, which there is none of"
        if scaler["spec"]["minReplicas"] < 2:
            yield "one replica alone is no replica while its node is drained"
        if any("replicas" in deployment["spec"] for deployment in by_kind["Deployment"]):
            yield "a Deployment says `replicas`, and takes back what the autoscaler did"


def unselected(kind, selector, labels):
    if not selector or not any(selector.items() <= pod.items() for pod in labels):
        yield f"the {kind} selects no pod, or every one: {selector}"


def of_deployment(pod):
    own = [it for it in pod.get("initContainers", []) + pod["containers"] if it["image"].startswith("schemagate")]
    if not own:
        yield "no container is schemagate"
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    for container in own:
        name, security = container["name"], {**pod.get("securityContext", {}), **container.get("securityContext", {})}
        for key, value in {
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }.items():
            if security.get(key) != value:
                yield f"{name}: {key} is {security.get(key)}, and not {value}"
        if "requests" not in container["resources"] or "memory" not in container["resources"]["limits"]:
            yield f"{name}: without a request the autoscaler cannot count, without a limit a node can be filled"
        for mount in container["volumeMounts"]:
            if mount["name"] not in volumes or not mount.get("readOnly"):
                yield f"{name}: {mount['name']} is no volume, or can be written"
        if container["args"][0] == "run":
            yield from of_probes(container)


def of_probes(container):
    for probe, path in {"startupProbe": "/ready", "readinessProbe": "/ready", "livenessProbe": "/live"}.items():
        asked = container[probe]["httpGet"]
        if (asked["path"], asked["port"]) != (path, "admin"):
            yield f"{container['name']}: {probe} asks {asked}, and not {path} of the admin listener"


found = []
for file in map(Path, sys.argv[1:]):
    documents = [document for document in yaml.safe_load_all(file.read_text()) if document]
    found += [f"{file.stem}: {mistake}" for mistake in mistakes(documents)]
    print(f"{file.stem}: {len(documents)} objects")
sys.exit("\n".join(found) or None)
