"""Rules for manifests, each named as the tool that knows it does: `kube-score/ID`, `kube-linter/ID`,
Trivy's `KSV-NNNN`, `pss/FIELD` of the Pod Security Standards. A rule comes with a way to break it,
so that it is seen to work."""


class Rule:
    """find(manifests) yields what offends; spoil(manifests) makes something offend."""

    def __init__(self, find, spoil):
        self.find = find
        self.spoil = spoil

    def offenders(self, renderings):
        return [f"{each.name}: {what}" for each in renderings for what in self.find(each)]


def of_containers(holds, spoil):
    """holds(container, pod), spoil(container, pod)."""

    def find(manifests):
        return [
            name for name, container, pod in manifests.containers() if not holds(container, pod)
        ]

    return Rule(find, lambda manifests: spoil(manifests.container("size"), manifests.pod("size")))


def of_pods(holds, spoil):
    """holds(pod), spoil(pod)."""

    def find(manifests):
        return [name for name, pod in manifests.pods() if not holds(pod)]

    return Rule(find, lambda manifests: spoil(manifests.pod("size")))


def of_kind(kinds, holds, spoil, spoiled):
    """holds(object), spoil(object); spoiled is the (kind, name) of the one to spoil."""

    def find(manifests):
        return [each["metadata"]["name"] for each in manifests.of(*kinds) if not holds(each)]

    return Rule(find, lambda manifests: spoil(manifests.get(*spoiled)))
