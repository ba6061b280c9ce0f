"""Write the snapshot of the OpenAPI document: ``python -m tests.write_openapi``."""

from pathlib import Path

import orjson

from app.main import create_app
from tests.conftest import settings_for

SNAPSHOT = Path(__file__).parent / "data" / "openapi.json"

if __name__ == "__main__":
    document = create_app(settings_for("sqlite:////nowhere/never-opened.db")).openapi()
    SNAPSHOT.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
