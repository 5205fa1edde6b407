"""Compose, systemd, Kubernetes and the proxy: as each reads it, and naming what there is."""

import configparser
import json
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.process.settings import Settings
from tests.deploy.dockerfile import ROOT, environment, read
from tests.schemas import refusal

OURS = {name.upper() for name in Settings.model_fields}
DEPLOY = ROOT / "deploy"
IMAGE = read((ROOT / "Dockerfile").read_text())[-1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
DEPLOYMENT, SERVICE = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
UNIT = (DEPLOY / "sendas.service").read_text()
CADDYFILE = (DEPLOY / "Caddyfile").read_text()
FOR_COMPOSE = {"POSTGRES_PASSWORD", "SENDAS_VERSION"}  # read by Compose itself, not by the bot
COMMANDS = {name: ["python", "-m", "bot", name] for name in ("migrate", "serve")}
EXPOSURE = 20  # of 100, as systemd-analyze counts: "OK" ends at 20


def pod() -> dict[str, Any]:
    """What Kubernetes starts."""
    found: dict[str, Any] = DEPLOYMENT["spec"]["template"]["spec"]
    return found


def containers() -> list[dict[str, Any]]:
    """All containers of the pod, in the order in which they run."""
    return [*pod()["initContainers"], *pod()["containers"]]


def test_compose_reads_it() -> None:
    """compose.yaml is what the specification of Compose files allows."""
    vendored = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    assert refusal(COMPOSE, json.loads(vendored.read_text())) is None


def test_compose_asks_for_what_it_needs() -> None:
    """Each variable of compose.yaml is a setting or its own, and a missing one is said by name."""
    text = (ROOT / "compose.yaml").read_text()
    named = dict(re.findall(r"\$\{(\w+)([^}]*)\}", text))
    assert set(named) - OURS == FOR_COMPOSE
    assert all(rest.startswith((":?", ":-")) for rest in named.values())
    assert set(SERVICES["bot"]["environment"]) <= OURS


def test_compose_migrates_before_it_serves() -> None:
    """The database answers, then its tables are brought up to date, then the bot starts."""
    bot, migrate = SERVICES["bot"], SERVICES["migrate"]
    assert bot["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert migrate["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert (bot["command"], migrate["command"]) == (COMMANDS["serve"], COMMANDS["migrate"])
    assert (bot["image"], bot["environment"]) == (migrate["image"], migrate["environment"])
    assert migrate["restart"] == "no"


@pytest.mark.parametrize("name", ["bot", "migrate"])
def test_compose_confines_it(name: str) -> None:
    """The bot has a read-only root and no capability; its settings come by file."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["env_file"] == ".env"
    assert "privileged" not in service
    assert "user" not in service  # the image's own, which is nobody


def test_compose_keeps_what_has_to_stay() -> None:
    """Database and certificates are in named volumes, in the folder that each image uses."""
    assert set(COMPOSE["volumes"]) == {"database", "certificates"}
    assert SERVICES["database"]["volumes"] == [
        "database:/var/lib/postgresql"
    ]  # since PostgreSQL 18
    assert SERVICES["database"]["image"].startswith("postgres:18.")
    assert "certificates:/data" in SERVICES["proxy"]["volumes"]


def test_compose_lets_nobody_in_but_the_proxy() -> None:
    """Only the proxy listens to the world, the bot to this machine, the database to neither."""
    ports = {name: service.get("ports", []) for name, service in SERVICES.items()}
    assert ports["bot"] == ["127.0.0.1:8000:8000"]
    assert not ports["database"]
    assert [name for name, found in ports.items() if found] == ["bot", "proxy"]
    assert SERVICES["proxy"]["profiles"] == ["https"]


@pytest.mark.parametrize("name", ["database", "proxy"])
def test_images_of_others_are_pinned(name: str) -> None:
    """Each image that is not ours is named by its version."""
    assert re.fullmatch(r"\w+:\d+\.\d+(\.\d+)?-\w+", SERVICES[name]["image"])


@pytest.mark.parametrize("document", [DEPLOYMENT, SERVICE], ids=lambda each: each["kind"])
def test_kubernetes_reads_it(document: dict[str, Any]) -> None:
    """Each document has the fields that Kubernetes has, and no others."""
    assert kubernetes_refuses(document) is None


def kubernetes_refuses(document: dict[str, Any]) -> str | None:
    """Why Kubernetes would not take it."""
    schema = json.loads((ROOT / "tests/contract/kubernetes.schema.json").read_text())
    [name] = [each for each in schema["$defs"] if each.endswith(f".{document['kind']}")]
    return refusal(document, {"$ref": f"#/$defs/{name}", **schema})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "replica"), 2),
        (("spec", "template", "spec", "runAsNonRoot"), True),
        (("spec", "replicas"), "two"),
    ],
)
def test_the_schema_refuses(path: tuple[str, ...], value: Any) -> None:
    """The schema of the test above refuses an unknown field, a misplaced one, a wrong type."""
    copy = json.loads(json.dumps(DEPLOYMENT))
    part = copy
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    assert kubernetes_refuses(copy)


def test_kubernetes_migrates_before_it_serves() -> None:
    """Every pod brings the tables up to date with the image that it then serves with."""
    migrate, bot = containers()
    assert (migrate["command"], bot["command"]) == (COMMANDS["migrate"], COMMANDS["serve"])
    assert migrate["image"] == bot["image"]
    assert re.search(r":\d+\.\d+\.\d+$", bot["image"])
    assert migrate["envFrom"] == bot["envFrom"] == [{"secretRef": {"name": "sendas"}}]


def test_kubernetes_confines_it() -> None:
    """Each container is nobody, with a read-only root, no capability, no token of the cluster."""
    user, group = (int(each) for each in IMAGE.last("USER").rest.split(":"))
    context = pod()["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (user, group)
    assert context["runAsNonRoot"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod()["automountServiceAccountToken"] is False
    for each in containers():
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in each["resources"]["limits"]


def test_kubernetes_asks_what_there_is_to_ask() -> None:
    """Whether it lives and whether it can work are two questions, and a stop has its time."""
    [bot] = pod()["containers"]
    asked = {name: probe["httpGet"]["path"] for name, probe in bot.items() if "Probe" in name}
    assert asked == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    assert pod()["terminationGracePeriodSeconds"] >= 30
    assert {each["name"] for each in bot["env"]} <= OURS
    [port] = bot["ports"]
    assert {"name": "PORT", "value": str(port["containerPort"])} in bot["env"]
    assert environment(IMAGE)["PORT"] == str(port["containerPort"])


def test_the_service_finds_the_pods() -> None:
    """The Service looks for the labels of the pods, and sends to the port by its name."""
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    assert SERVICE["spec"]["selector"].items() <= labels.items()
    assert DEPLOYMENT["spec"]["selector"]["matchLabels"].items() <= labels.items()
    [port] = SERVICE["spec"]["ports"]
    assert port["targetPort"] in {each["name"] for each in pod()["containers"][0]["ports"]}


def unit() -> configparser.SectionProxy:
    """The [Service] of the unit; of keys that come twice, the last."""
    read_unit = configparser.ConfigParser(strict=False, interpolation=None)
    read_unit.optionxform = str  # type: ignore[assignment,method-assign]
    read_unit.read_string(UNIT)
    return read_unit["Service"]


def test_the_unit_starts_what_there_is() -> None:
    """The unit migrates, then serves; what it sets are settings; wrong ones end its tries."""
    service = unit()
    assert service["ExecStartPre"].endswith(" -m bot migrate")
    assert service["ExecStart"].endswith(" -m bot serve")
    named = re.findall(r"(\w+)=", service["Environment"])
    assert {each for each in named if not each.startswith("PYTHON")} <= OURS
    assert service["RestartPreventExitStatus"] == "2"
    assert int(service["TimeoutStopSec"].removesuffix("s")) >= 30
    assert f"/var/lib/{service['StateDirectory']}/" in service["Environment"]


def analyzed(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says of the unit, with an interpreter that is there."""
    copy = tmp_path / "sendas.service"
    copy.write_text(UNIT.replace("/opt/sendas/.venv/bin/python", sys.executable))
    tool = shutil.which("systemd-analyze") or ""
    command = [tool, *arguments, str(copy)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - systemd's own tool


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    """No unknown key, no wrong value and nothing missing is found in the unit."""
    found = analyzed(tmp_path, "verify")
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_calls_the_unit_confined(tmp_path: Path) -> None:
    """By systemd's own count the service is hardly exposed."""
    found = analyzed(tmp_path, "security", "--offline=true", f"--threshold={EXPOSURE}")
    assert found.returncode == 0, found.stdout


def test_the_proxy_keeps_figures_inside() -> None:
    """The proxy passes on what Slack and browsers need, and not what only operators ask for."""
    [inside] = re.findall(r"@inside path (.*)", CADDYFILE)
    assert set(inside.split()) == {"/metrics", "/readyz"}
    named = set(re.findall(r"\{\$(\w+)", CADDYFILE))
    assert named == {"PUBLIC_URL", "UPSTREAM"}
    assert set(SERVICES["proxy"]["environment"]) == named


@pytest.mark.skipif(not shutil.which("caddy"), reason="no Caddy here")
def test_caddy_reads_it() -> None:
    """Where there is a Caddy, it can use the file, and would write it the same way."""
    caddy, file = shutil.which("caddy") or "", str(DEPLOY / "Caddyfile")
    for arguments in (["validate", "--config", file, "--adapter", "caddyfile"], ["fmt", file]):
        found = subprocess.run([caddy, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - as above
        assert found.returncode == 0, found.stderr
    assert found.stdout == CADDYFILE
