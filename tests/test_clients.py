"""Clients that generators build from the OpenAPI document: they compile, and they work.

openapi-typescript and openapi-python-client run once each, on the served document.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import tools
from tests.conftest import Templates
from tests.serving import Live, live


@pytest.fixture(scope="module")
def live_server(templates: Templates) -> Iterator[Live]:
    with templates.copy("sqlite", "seeded") as store, live(store) as server:
        yield server


@pytest.fixture(scope="module")
def described(live_server: Live, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the served document."""
    folder = tmp_path_factory.mktemp("clients")
    answer = httpx.get(f"{live_server.address}/openapi.json", trust_env=False)
    (folder / "openapi.json").write_bytes(answer.content)
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


# TypeScript

READS_A_DAY = """
import type { operations, components } from "./api";

type Query = NonNullable<operations["list_events"]["parameters"]["query"]>;
type Day = operations["list_events"]["responses"][200]["content"]["application/json"];

async function events(api: string, query: Query): Promise<components["schemas"]["EventPublic"][]> {
  const parameters = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  const page = (await (await fetch(`${api}/events?${parameters}`)).json()) as Day;
  return page.items;
}

declare const process: { argv: string[] };
events(process.argv[2]!, { date: "2024-06-19", sort: "id", format: "json" }).then((events) => {
  const lines = events.map((event) => ({ title: event.title, outlets: event.sources.map((source) => source.name) }));
  console.log(JSON.stringify(lines));
});
"""
WRONG = """
import type { components, operations } from "./api";

export const read = (event: components["schemas"]["EventPublic"]): string => event.headline;
export const query: operations["list_events"]["parameters"]["query"] = { format: "pdf" };
export const body: components["schemas"]["EventCreate"] = { title: "No date", type: "agree", coded_by: "human" };
"""
COMPILED = ("--strict", "--skipLibCheck", "--target", "es2022", "--module", "commonjs", "--lib", "es2022,dom")


@pytest.fixture(scope="module")
def compiled(described: Path) -> tuple[Path, list[str]]:
    """Return the folder of the compiled programs, and the compiler's errors."""
    made = run(described, tools.package("openapi-typescript"), "openapi.json", "--output", "api.d.ts")
    assert made.returncode == 0, made.stderr
    (described / "day.ts").write_text(READS_A_DAY, encoding="utf-8")
    (described / "wrong.ts").write_text(WRONG, encoding="utf-8")
    done = run(described, tools.package("tsc"), *COMPILED, "day.ts", "wrong.ts")
    return described, [line for line in done.stdout.splitlines() if "error" in line]


def test_typescript_client_reads_a_day(compiled: tuple[Path, list[str]], live_server: Live) -> None:
    folder, complaints = compiled
    done = run(folder, tools.program("node"), "day.js", live_server.address)
    read = httpx.get(f"{live_server.address}/events?date=2024-06-19&sort=id", trust_env=False).json()["items"]

    assert [line for line in complaints if line.startswith("day.ts")] == []
    assert json.loads(done.stdout) == [
        {"title": event["title"], "outlets": [source["name"] for source in event["sources"]]} for event in read
    ]


def test_undocumented_fields_do_not_compile_in_typescript(compiled: tuple[Path, list[str]]) -> None:
    headline, pdf, date = (line for line in compiled[1] if line.startswith("wrong.ts"))

    assert "Property 'headline' does not exist" in headline
    assert """Type '"pdf"' is not assignable""" in pdf
    assert "Property 'date' is missing" in date


# Python

# The generator does not know JSON lines: take them as bytes.
CONFIGURATION = """
post_hooks: []
content_type_overrides:
  application/x-ndjson: application/octet-stream
  application/jsonl: application/octet-stream
  text/plain: application/octet-stream
"""
READS_AND_WRITES = """
import json, sys

from dateline_client import AuthenticatedClient, Client
from dateline_client.api.events import list_events
from dateline_client.api.sources import create_source, get_source
from dateline_client.models import Problem, SourceCreate, SourceKind

address, key = sys.argv[1:]
reader = Client(base_url=address, raise_on_unexpected_status=True)
titles, cursor = [], None
while True:
    following = {"cursor": cursor} if cursor else {}
    page = list_events.sync(client=reader, limit=4, sort="id", **following)
    titles += [event.title for event in page.items]
    if page.next_ is None:
        break
    cursor = page.next_.rpartition("cursor=")[2]

body = SourceCreate(name="The Example Herald", kind=SourceKind.NEWSPAPER)
refused = create_source.sync(client=reader, body=body)
made = create_source.sync(client=AuthenticatedClient(base_url=address, token=key), body=body)
read = get_source.sync("the-example-herald", client=reader)
problem = get_source.sync("nobody", client=reader)
assert isinstance(refused, Problem) and isinstance(problem, Problem)
result = {"titles": titles, "refused": refused.status, "made": made.slug, "kind": read.kind, "missing": problem.type_}
print(json.dumps(result))
"""


@pytest.fixture(scope="module")
def python_client(described: Path) -> Path:
    """Generate the package from the document, without a warning, and return its folder."""
    (described / "configuration.yaml").write_text(CONFIGURATION, encoding="utf-8")
    arguments = ("--path", "openapi.json", "--output-path", "dateline_client", "--meta", "none")
    generator = tools.environment("openapi-python-client")
    done = run(described, generator, "generate", *arguments, "--config", "configuration.yaml", "--fail-on-warning")
    assert done.returncode == 0, done.stdout
    assert "arning" not in done.stdout
    return described


def test_python_client_reads_pages_and_writes_with_a_key(python_client: Path, live_server: Live) -> None:
    key = live_server.store.key()["Authorization"].removeprefix("Bearer ")
    python = str(Path(tools.environment("openapi-python-client")).with_name("python"))
    read = httpx.get(f"{live_server.address}/events?sort=id&limit=500", trust_env=False).json()["items"]
    done = run(python_client, python, "-c", READS_AND_WRITES, live_server.address, key)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "titles": [event["title"] for event in read],
        "refused": 401,
        "made": "the-example-herald",
        "kind": "newspaper",
        "missing": "urn:dateline:problem:not-found",
    }
