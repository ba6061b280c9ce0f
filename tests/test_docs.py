"""The docs tell the truth: what they list exists, what exists is listed, and their examples run."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.main import get_command

from app.cli import COMMANDS
from app.cli import app as command
from app.core import errors
from app.core.config import Settings
from app.core.vocab import Noun

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/api.md", "docs/configuration.md", "docs/dashboards.md", "docs/live.md")
README, API, CONFIGURATION, DASHBOARDS, LIVE = ((ROOT / name).read_text(encoding="utf-8") for name in PAGES)


def console_lines(text: str) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def reads(text: str) -> Iterator[str]:
    """Yield the addresses that the examples of a page request from the seeded server."""
    for line in console_lines(text):
        if line.startswith("curl") and not any(sign in line for sign in ("-X", "-N", "/searches/", "…")):
            yield from (word for word in shlex.split(line) if word.startswith("localhost:8000/"))


CURLS = [address for text in (README, API, DASHBOARDS, LIVE) for address in reads(text)]
ADDRESSES = re.findall(r"\| `(/[^`{]*)` \|$", README, re.MULTILINE)


ADDRESS_CASES = sorted({*(url.removeprefix("localhost:8000") for url in CURLS), *ADDRESSES})


@pytest.mark.expensive("asks every example")
def test_every_example_has_an_answer(reader: TestClient, subtests: pytest.Subtests) -> None:
    for address in ADDRESS_CASES:
        with subtests.test(address=address):
            answer = reader.get(address)

            assert answer.status_code == 200
            assert len(answer.content) > 60


def posted(text: str, path: str) -> Any:
    """Return the body that an example posts to ``path``."""
    return json.loads(
        re.findall(rf"curl -X POST localhost:8000{path} .*?-d '(.*?)'$", text, re.DOTALL | re.MULTILINE)[0]
    )


def test_examples_of_searches_and_webhooks_are_accepted(writer: TestClient) -> None:
    assert writer.post("/searches", json=posted(LIVE, "/searches")).status_code == 201
    assert writer.post("/webhooks", json=posted(LIVE, "/webhooks")).status_code == 201
    for line in console_lines(LIVE):
        if "/searches/putin-verbatim/items" in line:
            assert writer.get(shlex.split(line)[1].removeprefix("localhost:8000")).text.count("Putin") > 3


def test_readme_shows_real_answers(reader: TestClient) -> None:
    example = json.loads(re.findall(r"```json\n(.*?)```", README, re.DOTALL)[0])
    real = reader.get(example["self"]).json()

    assert [item["id"] for item in example["items"]] == [item["id"] for item in real["items"]]
    assert covers(real, example)


def covers(real: Any, example: Any) -> bool:
    """Return True if ``example`` is ``real`` shortened: fields and items may be left out, but not altered."""
    if isinstance(example, dict):
        return all(name in real and covers(real[name], value) for name, value in example.items())
    if isinstance(example, list):
        return all(any(covers(candidate, value) for candidate in real) for value in example)
    return bool(real == example)


def test_document_of_the_api_page_is_accepted(writer: TestClient) -> None:
    example = next(text for text in re.findall(r"```json\n(.*?)```", API, re.DOTALL) if '"reports"' in text)
    answer = writer.post("/documents", json=json.loads(example))

    assert answer.status_code == 201, answer.text
    assert answer.json()["statement_count"] == 1


def test_span_of_the_api_page_is_real(reader: TestClient) -> None:
    example = next(text for text in re.findall(r"```json\n(.*?)```", API, re.DOTALL) if '"prefix"' in text)
    cues = [item["cue"] for item in reader.get("/statements?limit=500").json()["items"]]

    assert json.loads(example) in cues


def test_every_path_is_documented(application: FastAPI) -> None:
    for path in application.openapi()["paths"]:
        assert f"`{path}`" in API or f"`GET {path}`" in API, path


def test_every_problem_type_is_documented() -> None:
    listed = set(re.findall(r"urn:dateline:problem:([a-z-]+)", API))

    assert listed == {error.slug for error in subclasses(errors.DatelineError)}


def subclasses(error: type[errors.DatelineError]) -> Iterator[type[errors.DatelineError]]:
    yield error
    for child in error.__subclasses__():
        yield from subclasses(child)


def test_every_noun_is_documented() -> None:
    assert all(f"| {noun.singular} |" in API for noun in Noun)


def test_settings_page_is_complete() -> None:
    listed = dict(re.findall(r"^\| `DATELINE_(\w+)` \| (.*?) \|", CONFIGURATION, re.MULTILINE))
    defaults = {name.upper(): as_listed(field.default) for name, field in Settings.model_fields.items()}

    assert listed == defaults


def as_listed(default: Any) -> str:
    if default is None:
        return "empty"
    text = (
        default if isinstance(default, str) else f"{default:g}" if isinstance(default, float) else json.dumps(default)
    )
    return f"`{text}`" if text else "empty"


def test_commands_page_is_complete() -> None:
    listed = {
        " ".join(re.findall(r"[a-z]+", line)[1:]) for line in re.findall(r"\| `(dateline [a-z ]+)", CONFIGURATION)
    }

    assert listed == set(commands(get_command(command), ""))


def commands(group: Any, prefix: str) -> Iterator[str]:
    for name in group.list_commands(None):
        child = group.get_command(None, name)
        if hasattr(child, "list_commands"):
            yield from commands(child, f"{prefix}{name} ")
        else:
            yield prefix + name


def test_command_summaries_equal_the_docstrings() -> None:
    group: Any = get_command(command)
    first_lines = {name: group.get_command(None, name).help.splitlines()[0] for name in COMMANDS}

    assert first_lines == {name: entry.summary for name, entry in COMMANDS.items()}


def test_make_has_the_targets_of_the_docs(subtests: pytest.Subtests) -> None:
    for target in ["run", "test", "check", "migrate", "bench", "help"]:
        with subtests.test(target=target):
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_links_between_pages_are_valid(subtests: pytest.Subtests) -> None:
    for page in sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")):
        with subtests.test(case=page):
            for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
                assert link.startswith("http") or (page.parent / link).exists(), link
