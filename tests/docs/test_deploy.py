"""What is deployed fits what there is: figures that are asked for, words of commands, settings, ports, files."""

import asyncio
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from prometheus_client.exposition import generate_latest

from belplan.api import metrics
from belplan.cli import app
from belplan.drivers.asterisk.configuration import ExchangeSettings
from belplan.live import Live

DEPLOY = Path("deploy")
OPERATING = Path("docs/operating.md")
_NAME = re.compile(r"\b(?:belplan|process)_[a-z_]+")


def _given() -> set[str]:
    parts = SimpleNamespace(
        live=Live(), calls=SimpleNamespace(ready=True, queued=0, time_commands=lambda took: None), spools={}
    )

    async def measured() -> str:
        return generate_latest(metrics.registry_of(parts)).decode()  # pyright: ignore[reportArgumentType]

    kinds = re.findall(r"^# TYPE (\w+) (\w+)", asyncio.run(measured()), re.MULTILINE)
    return {name for name, _ in kinds} | {f"{name}_bucket" for name, kind in kinds if kind == "histogram"}


def _asked() -> dict[str, str]:
    rules = yaml.safe_load((DEPLOY / "prometheus/belplan.rules.yml").read_text())
    found = {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}
    board = json.loads((DEPLOY / "grafana/belplan.json").read_text())
    return found | {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in board["panels"]
        for target in panel["targets"]
    }


@pytest.mark.parametrize(("what", "expression"), _asked().items())
def test_an_alert_or_panel_asks_for_figures_that_there_are(what: str, expression: str) -> None:
    assert set(_NAME.findall(expression)) <= _given(), what


def test_every_alert_says_what_to_do() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus/belplan.rules.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["summary"]
            assert rule["annotations"]["action"]


def _image() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile and their words; a line that goes on is one with the next."""
    text = (DEPLOY / "docker/Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_image_is_made_of_what_there_is_and_starts_with_a_command_that_there_is() -> None:
    said = _image()
    for words in (rest.split() for what, rest in said if what == "COPY"):
        for path in (word.removeprefix("/src/") for word in words[:-1] if not word.startswith("--")):
            assert path.startswith("dist/") or Path(path).exists(), path
    for command in re.findall(
        r"^(?:.*&& )?belplan (.+)$", "\n".join(rest for what, rest in said if what == "RUN"), re.M
    ):
        app.parse_args(command.split(), print_error=False, exit_on_error=False)
    app.parse_args(json.loads(dict(said)["CMD"]), print_error=False, exit_on_error=False)


def test_the_ports_of_speech_are_those_that_the_exchange_uses() -> None:
    settings = ExchangeSettings.__dataclass_fields__
    first, last = settings["rtp_first"].default, settings["rtp_last"].default
    assert f"{first}-{last}/udp" in dict(_image())["EXPOSE"]
    assert f"{first} to {last}" in Path("docs/en/security.md").read_text()
    assert f"{first} tot en met {last}" in Path("docs/nl/veiligheid.md").read_text()


def test_the_services_start_with_settings_that_there_are() -> None:
    services = yaml.safe_load((DEPLOY / "docker/compose.yaml").read_text())["services"]
    belplan = services["belplan"]
    assert (DEPLOY / "docker" / belplan["build"]["context"] / belplan["build"]["dockerfile"]).resolve().exists()
    app.parse_args([re.sub(r"\$\{.*\}", "192.0.2.10", word) for word in belplan["command"]], print_error=False)
    documented = OPERATING.read_text()
    assert {name for name in belplan["environment"] if f"`{name}`" not in documented} == set()
    assert set(belplan["depends_on"]) <= set(services)
    # It listens there, and nowhere else.
    assert "http://${BELPLAN_ADDRESS}:8080/health/live" in belplan["healthcheck"]["test"][-1]


def _chart(name: str, values: dict[str, object]) -> dict[str, Any]:
    """A template of the chart, with the few things of Helm that it uses."""

    def put(found: re.Match[str]) -> str:
        match found[1].split():
            case [".Release.Name", *_]:
                return "belplan"
            case ["add", what, number]:
                return str(int(str(values[what.removeprefix(".Values.")])) + int(number))
            case [what, "|", "quote"]:
                return json.dumps(str(values[what.removeprefix(".Values.")]))
            case [what, "|", "toJson"]:
                return json.dumps(values[what.removeprefix(".Values.")])
            case words:
                raise AssertionError(f"this test does not know {words}")

    text = (DEPLOY / "helm/belplan/templates" / name).read_text()
    return yaml.safe_load(re.sub(r"\{\{ (.+?) \}\}", put, text))


def test_the_chart_starts_the_image_with_settings_that_there_are() -> None:
    values = yaml.safe_load((DEPLOY / "helm/belplan/values.yaml").read_text())
    pod = _chart("statefulset.yaml", values)["spec"]["template"]
    spec, container = pod["spec"], pod["spec"]["containers"][0]
    image = dict(_image())
    app.parse_args([word.replace("$(HOST_IP)", "192.0.2.10") for word in container["args"]], print_error=False)
    documented, own = OPERATING.read_text(), {"HOST_IP"}
    assert {one["name"] for one in container["env"] if f"`{one['name']}`" not in documented} == own
    assert container["volumeMounts"][0]["mountPath"] == image["VOLUME"]
    assert spec["terminationGracePeriodSeconds"] > values["drain"]
    assert f"--uid {spec['securityContext']['runAsUser']} " in (DEPLOY / "docker/Dockerfile").read_text()
    assert f"--gid {spec['securityContext']['fsGroup']} " in (DEPLOY / "docker/Dockerfile").read_text()
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        assert f"`GET {container[probe]['httpGet']['path']}`" in documented
    assert {f"{one['containerPort']}/{one.get('protocol', 'TCP').lower()}" for one in container["ports"]} <= set(
        image["EXPOSE"].split()
    )
    service = _chart("service.yaml", values)["spec"]
    assert service["selector"].items() <= pod["metadata"]["labels"].items()
    assert service["ports"][0]["targetPort"] in {one["name"] for one in container["ports"]}
