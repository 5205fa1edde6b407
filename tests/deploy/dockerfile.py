"""The Dockerfile, read; and its steps carried out in a folder, without a container runtime."""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r"^([A-Z]+)\s+(.*)$", re.DOTALL)
OPTION = re.compile(r"^--([a-z-]+)=(\S+)\s+")


@dataclass(frozen=True)
class Step:
    """One instruction: ``COPY``, its ``--options``, and the rest of the line."""

    name: str
    options: Mapping[str, str]
    rest: str


@dataclass
class Stage:
    """What begins with a FROM: its base, the name that others call it by, and its steps."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def all(self, name: str) -> list[Step]:
        """Its steps with this instruction."""
        return [each for each in self.steps if each.name == name]

    def last(self, name: str) -> Step:
        """The one that counts."""
        return self.all(name)[-1]


def read(text: str) -> list[Stage]:
    """The stages of a Dockerfile, in their order."""
    stages: list[Stage] = []
    for line in _lines(text):
        match = LINE.match(line)
        assert match, line
        name, rest, options = match[1], match[2].strip(), {}
        while option := OPTION.match(rest):
            options[option[1]] = option[2]
            rest = rest[option.end() :].strip()
        if name == "FROM":
            base, _, called = rest.partition(" AS ")
            stages.append(Stage(base, called))
        else:
            stages[-1].steps.append(Step(name, options, rest))
    return stages


def _lines(text: str) -> Iterator[str]:
    """Instructions, without comments, each in one piece."""
    kept = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(kept).replace("\\\n", " ")
    yield from (line for line in joined.splitlines() if line.strip())


def environment(stage: Stage) -> dict[str, str]:
    """What the stage sets with ENV."""
    pairs = (pair for step in stage.all("ENV") for pair in shlex.split(step.rest))
    return dict(pair.split("=", 1) for pair in pairs)


def words(rest: str) -> list[str]:
    """A command in its form as a list: ``["python", "-m", "bot"]``."""
    found: list[str] = json.loads(rest)
    return found


class Context:
    """What a build may see of the project: everything but what .dockerignore leaves out."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        lines = (root / ".dockerignore").read_text().splitlines()
        self._rules = [each for each in lines if each and not each.startswith("#")]

    def has(self, path: str) -> bool:
        """Whether a build sees this file; the last rule that fits decides."""
        is_left_out = False
        for rule in self._rules:
            bare = rule.removeprefix("!")
            parents = ["/".join(path.split("/")[:end]) for end in range(1, path.count("/") + 2)]
            anywhere = bare.removeprefix("**/")
            names = path.split("/") if anywhere != bare else parents
            if any(fnmatch.fnmatchcase(each, anywhere) for each in names):
                is_left_out = bare == rule
        return not is_left_out

    def files(self, under: str) -> Iterator[str]:
        """The files of a folder, or the one file, as far as a build sees them."""
        if (self.root / under).is_file():
            found = [under]
        else:
            walked = (self.root / under).rglob("*")
            found = [str(each.relative_to(self.root)) for each in walked if each.is_file()]
        yield from (each for each in sorted(found) if self.has(each))


class Build:
    """The stages as folders: ``/venv`` of a stage is ``FOLDER/build/venv``.

    Of a base image nothing is there but ``python``, which is the interpreter that is given.
    """

    def __init__(self, stages: list[Stage], folder: Path, python: str) -> None:
        self.stages, self.folder, self.python = stages, folder, python
        self.context = Context()

    def root(self, stage: Stage) -> Path:
        """Where the stage's ``/`` is."""
        return self.folder / (stage.name or "result")

    def carry_out(self, *, installs: bool) -> Path:
        """All steps of all stages; without ``installs`` those that install packages are left out.

        Returns the root of the result.
        """
        for stage in self.stages:
            self._carry_out(stage, installs=installs)
        return self.root(self.stages[-1])

    def _carry_out(self, stage: Stage, *, installs: bool) -> None:
        here = "/"
        for step in stage.steps:
            self._inside(stage, here).mkdir(parents=True, exist_ok=True)
            if step.name == "WORKDIR":
                here = step.rest
            elif step.name == "COPY":
                self._copy(stage, here, step)
            elif step.name == "RUN" and (installs or " pip " not in step.rest):
                self._run(stage, here, step.rest)

    def _copy(self, stage: Stage, here: str, step: Step) -> None:
        what, where = step.rest.split()
        target = self._inside(stage, os.path.normpath(os.path.join(here, where)))  # noqa: PTH118 - a path of the image
        if "from" in step.options:
            [other] = [each for each in self.stages if each.name == step.options["from"]]
            source = self._inside(other, what)
            if source.exists():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            return
        for name in self.context.files(what):
            below = name.removeprefix(f"{what}/") if name != what else ""
            to = target / below if below else target / name if where == "." else target
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.context.root / name, to)

    def _run(self, stage: Stage, here: str, command: str) -> None:
        """As a shell does, in a clean environment, with the stage's folders for those of ``/``."""
        mapped = re.sub(r"(?<=[\s=])/(?=\w)", f"{self.root(stage)}/", command)
        mapped = re.sub(r"(?<![\w/.-])python(?= )", self.python, mapped)
        passed_on = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
        subprocess.run(  # noqa: S603 - the project's own steps
            ["/bin/sh", "-euc", mapped],
            cwd=self._inside(stage, here),
            env={"PATH": os.environ["PATH"], **passed_on},
            check=True,
        )

    def _inside(self, stage: Stage, path: str) -> Path:
        return self.root(stage) / path.lstrip("/")
