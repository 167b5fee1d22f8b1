#!/usr/bin/env bash
# Builds every variant of deploy/kubernetes, and holds what comes of it against Kubernetes' own schemas (strictly: a key that
# there is none of is a mistake), the oldest and the newest that are at hand, and against what docs/kubernetes.md promises.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=.tools/kubernetes
if ! cmp -s scripts/kubernetes-requirements.txt "$tools/installed"; then
    python3 -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement scripts/kubernetes-requirements.txt
    cp scripts/kubernetes-requirements.txt "$tools/installed"
fi

if command -v kustomize >/dev/null; then build=(kustomize build)
elif command -v kubectl >/dev/null; then build=(kubectl kustomize)
else
    echo "neither kustomize nor kubectl is here: nothing of deploy/kubernetes was built or checked." >&2
    echo "Install one of them: https://kubernetes.io/docs/tasks/tools/" >&2
    exit "${KUBERNETES_MISSING:-1}"
fi

built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
for variant in deploy/kubernetes/*/; do
    name=$(basename "$variant")
    "${build[@]}" "$variant" > "$built/$name.yaml"
done
for version in 1.27 1.37; do
    "$tools/bin/kubernetes-validate" --strict --quiet --kubernetes-version "$version" "$built"/*.yaml
done
"$tools/bin/python" scripts/check-kubernetes.py "$built"/*.yaml
