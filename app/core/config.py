"""Settings, read from the environment (prefix ``DATELINE_``) or a ``.env`` file."""

import json
import re
from functools import cache
from typing import Annotated

from limits import parse
from pydantic import Field, FilePath, IPvAnyNetwork, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


class Settings(BaseSettings):
    """The settings of an operator, documented in ``docs/configuration.md``."""

    model_config = SettingsConfigDict(env_prefix="DATELINE_", env_file=".env", extra="ignore")

    database_url: str = Field(
        default="sqlite:///dateline.db",
        description="SQLAlchemy URL of the store: SQLite (`sqlite:///file.db`) or PostgreSQL (`postgresql://…`).",
    )
    replica_urls: Annotated[list[str], NoDecode] = Field(
        default=[], description="URLs of PostgreSQL's hot standbys, to read from: separated by commas, or a JSON list."
    )
    host: str = Field(default="127.0.0.1", description="Address that `dateline serve` listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port that `dateline serve` listens on.")
    root_path: str = Field(default="", description="Path prefix under which a reverse proxy publishes the API.")
    public_url: str = Field(
        default="",
        description="Address of the API as its readers know it, such as `https://news.example.org/dateline`, for links "
        "in feeds and the names of their entries; empty for that of each request.",
    )
    public_reads: bool = Field(default=True, description="Whether reading needs no key.")
    cors_origins: list[str] = Field(
        default=["*"], description="Origins whose pages may read the API in a browser, as a JSON list."
    )
    max_body_bytes: int = Field(
        default=5_000_000, ge=1, description="Size in bytes above which a request's body is refused with 413."
    )
    max_import_bytes: int = Field(
        default=1_000_000_000,
        ge=1,
        description="Size in bytes, inflated, above which the body of an import is refused with 413.",
    )
    rate_limit: str = Field(
        default="", description="Requests that one client may make, such as `100/minute`; empty for no limit."
    )

    user_agent: str = Field(
        default="",
        pattern=r"^([!-~]([ -~]*[!-~])?)?$",
        description="Name under which pages and feeds are fetched; empty for `Dateline/VERSION`.",
    )
    fetch_timeout: float = Field(
        default=15.0,
        gt=0,
        description="Seconds that fetching one address may take, redirects and reading the page included.",
    )
    fetch_bytes: int = Field(
        default=5_000_000, ge=1, description="Size in bytes, inflated, above which what an address answers is not read."
    )

    extract_model: FilePath | None = Field(
        default=None,
        description="File of a tagger that you trained: statements are judged by it and the rules together.",
    )
    crawl_delay: float = Field(
        default=5.0,
        ge=0,
        le=60,
        description="Least number of seconds between two requests of `dateline watch` to a host.",
    )

    webhook_networks: Annotated[list[IPvAnyNetwork], NoDecode] = Field(
        default=[],
        description="Networks inside which webhooks may be sent, on any port, besides the public web: such as "
        "`10.1.0.0/16`, separated by commas, or a JSON list.",
    )

    busy_timeout: float = Field(
        default=10.0, gt=0, description="Seconds that a writer waits for its turn before the answer is 503."
    )
    query_timeout: float = Field(
        default=10.0, gt=0, description="Seconds after which a read is interrupted and answered with 503."
    )
    cache_bytes: int = Field(
        default=64_000_000, ge=0, description="Bytes of answers that each process keeps until the store changes."
    )
    threads: int = Field(
        default=40, ge=1, description="Requests served at once by one process; also the size of its connection pool."
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(?i:debug|info|warning|error|critical)$",
        description="Least level that is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL.",
    )
    log_format: str = Field(
        default="console",
        pattern="^(console|json)$",
        description="Log lines for people (`console`) or machines (`json`).",
    )

    @field_validator("database_url")
    @classmethod
    def _check_store_url(cls, url: str) -> str:
        url = _expand_hosts(url)
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise ValueError("not a database URL") from None
        is_supported = parsed.drivername == "sqlite" or parsed.get_backend_name() == "postgresql"
        if not is_supported or parsed.database in (None, "", ":memory:"):
            raise ValueError("neither sqlite:///FILE nor postgresql://…/DATABASE")
        return url

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, url: str) -> str:
        if url and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
            raise ValueError("not an address such as https://news.example.org/dateline")
        return url.rstrip("/")

    @field_validator("replica_urls", mode="before")
    @classmethod
    def _split_replica_urls(cls, urls: object) -> object:
        if not isinstance(urls, str):
            return urls
        if urls.lstrip().startswith("["):
            return json.loads(urls)
        return [url.strip() for url in re.split(r",(?=\s*postgresql)", urls) if url.strip()]

    @field_validator("replica_urls")
    @classmethod
    def _check_replica_urls(cls, urls: list[str], info: ValidationInfo) -> list[str]:
        stores = [cls._check_store_url(url) for url in urls]
        if stores and any(url.startswith("sqlite") for url in (info.data.get("database_url", ""), *stores)):
            raise ValueError("SQLite has no standbys; they belong to a store on PostgreSQL")
        return stores

    @field_validator("webhook_networks", mode="before")
    @classmethod
    def _split_networks(cls, networks: object) -> object:
        if not isinstance(networks, str):
            return networks
        if networks.lstrip().startswith("["):
            return json.loads(networks)
        return [network.strip() for network in networks.split(",") if network.strip()]

    @field_validator("rate_limit")
    @classmethod
    def _check_rate_limit(cls, rate: str) -> str:
        if rate:
            parse(rate)
        return rate


_MULTIPLE_HOSTS = re.compile(
    r"(?P<start>postgresql[^:]*://(?:[^/@]*@)?)(?P<hosts>[^/?]+,[^/?]+)(?P<database>/[^?]*)\??(?P<rest>.*)"
)


def _expand_hosts(url: str) -> str:
    """Rewrite libpq's list of hosts, ``host:port,host:port``, into the form that SQLAlchemy accepts."""
    match = _MULTIPLE_HOSTS.fullmatch(url)
    if match is None:
        return url
    query = [*(f"host={host}" for host in match["hosts"].split(",")), match["rest"]]
    return f"{match['start']}{match['database']}?{'&'.join(filter(None, query))}"


@cache
def get_settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
