"""The programs of ``docs/examples``, run unchanged against a live server."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx
import pytest

from tests.conftest import Templates
from tests.serving import Live, live

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"
HOSTILE = """<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>&amp; “peace”"""


@pytest.fixture(scope="module")
def live_server(templates: Templates) -> Iterator[Live]:
    with templates.copy("sqlite", "seeded") as store, live(store) as server:
        yield server


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Print no log lines."""


@pytest.fixture(scope="module")
def other_origin() -> Iterator[str]:
    """Serve the folder of examples from an address of another origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(EXAMPLES))) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    context = browser.new_context(viewport={"width": 900, "height": 1000})
    yield context.new_page()
    context.close()


def open_day(page: "Page", other_origin: str, api: str, day: str) -> None:
    page.goto(f"{other_origin}/a_day.html?{urlencode({'api': api, 'date': day})}")
    page.wait_for_function("document.querySelector('#day').textContent !== 'a day'")


def bars(page: "Page") -> dict[str, float]:
    """Return the heights of the bars by day."""
    return {
        str(bar.get_attribute("data-day")): float(bar.get_attribute("height") or 0)
        for bar in page.query_selector_all(".bar")
    }


def test_page_of_another_origin_charts_a_day(page: "Page", other_origin: str, live_server: Live) -> None:
    open_day(page, other_origin, live_server.address, "2024-06-19")
    around = "from=2024-06-04&to=2024-07-04&interval=day"
    with httpx.Client(base_url=live_server.address, trust_env=False) as api:
        stats = {count["period"]: count["count"] for count in api.get(f"/stats/events?{around}").json()["items"]}
        events = api.get("/events?date=2024-06-19&sort=-sources").json()["items"]
    unsure = stats.pop(None)

    assert bars(page) == {day: pytest.approx(150 * count / max(stats.values())) for day, count in stats.items()}
    assert str(page.locator("#unsure").text_content()).startswith(f"{unsure} more")
    assert page.locator(".bar.chosen").get_attribute("data-day") == "2024-06-19"
    assert page.locator("#events strong").all_text_contents() == [event["title"] for event in events]
    assert page.locator("#trouble").text_content() == ""


def test_click_shows_another_day_and_errors_are_shown(page: "Page", other_origin: str, live_server: Live) -> None:
    open_day(page, other_origin, live_server.address, "2024-06-19")
    other = next(day for day in bars(page) if day != "2024-06-19")
    page.locator(f"[data-day='{other}']").click()
    page.wait_for_function(f"document.querySelector('#day').textContent === '{other}'")
    assert page.locator(".bar.chosen").get_attribute("data-day") == other

    page.goto(f"{other_origin}/a_day.html?{urlencode({'api': live_server.address, 'date': '1800-01-01'})}")
    page.wait_for_function("document.querySelector('#events').textContent.includes('Nothing is known')")


def test_hostile_title_is_text(page: "Page", other_origin: str, live_server: Live) -> None:
    body = {"title": HOSTILE, "date": "2031-05-06", "type": "aid", "place": "<b>x</b>"}
    made = httpx.post(f"{live_server.address}/events", json=body, headers=live_server.store.key(), trust_env=False)
    assert made.status_code == 201
    open_day(page, other_origin, live_server.address, "2031-05-06")

    assert page.locator("#events strong").all_text_contents() == [HOSTILE]
    assert page.locator("#events img, #events script, #events b").count() == 0
    assert page.title() == "A day in Dateline"


@pytest.mark.expensive("starts processes of the command")
def test_notebook_counts_statements_by_outlet_and_week(live_server: Live) -> None:
    program = [sys.executable, str(EXAMPLES / "speakers.py"), "putin", live_server.address]
    result = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    answer = httpx.get(f"{live_server.address}/statements?speaker=putin&limit=500", trust_env=False)
    sources = [statement["source"]["slug"] for statement in answer.json()["items"]]

    assert (result.returncode, result.stderr) == (0, "")
    counted = {line.split()[0]: int(line.split()[-1]) for line in result.stdout.splitlines() if len(line.split()) == 2}
    assert counted == {source: sources.count(source) for source in sources}
    assert f"{len(sources)} statements by putin" in result.stdout
    assert "2024-06-17" in result.stdout
