"""The settings: one frozen value from flags, environment and file, in that order.

Knows every setting's name, unit, bound and default; `docs/reference/settings.md` is made from the
descriptions here. Does not know what the settings build: `wiring.py` does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from groundswell.settings.forms import Inside, Networks, accel_prefix_path, base_address, origin

FILE_NAME: Final = "swell.toml"
ENVIRONMENT_PREFIX: Final = "SWELL_"

_MIB: Final = 1 << 20
_GIB: Final = 1 << 30


class SettingsFault(Exception):
    """Settings that cannot be used; the text names each one and what is wrong with it."""


class Settings(BaseSettings):
    """Everything that an operator may choose. Frozen: a change takes a restart."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, frozen=True, extra="forbid", validate_default=True
    )
    toml_file: ClassVar[Path | None] = None

    data: Path = Field(
        Path("data"), description="Folder that holds everything the hub keeps. Made on first start."
    )
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for every one.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    public_url: Annotated[str | None, AfterValidator(origin)] = Field(
        None,
        description="The address that people and clients use, when a proxy stands before the hub. "
        "Without it, addresses in answers follow the Host header of the request.",
    )
    trusted_proxies: Networks = Field(
        (),
        description="Networks whose X-Forwarded-For, -Proto and -Host headers are believed, "
        "comma-separated.",
    )
    accel_prefix: Annotated[str | None, AfterValidator(accel_prefix_path)] = Field(
        None,
        description="Path of a location of nginx, `internal`, over the data folder. With it, nginx "
        "sends stored bytes itself (X-Accel-Redirect) to Xet clients that come through one of "
        "`trusted_proxies`, when the hub has checked them.",
    )
    database_url: str | None = Field(
        None,
        description="SQLAlchemy address of the database: sqlite:///… or postgresql+psycopg://…. "
        "Without it, groundswell.db in the data folder.",
    )
    storage_url: str | None = Field(
        None,
        description="s3://bucket/prefix: content lies in this bucket instead of the data folder. "
        "Needs the extra `s3`.",
    )
    storage_endpoint: Annotated[str | None, AfterValidator(origin)] = Field(
        None, description="Address of the object storage. Without it, Amazon's for the region."
    )
    storage_region: str = Field("us-east-1", description="Region of the bucket.")
    storage_access_key_id: str | None = Field(
        None,
        description="Key pair for the bucket. Without one, what the AWS_ variables of the "
        "environment or the machine's role give.",
    )
    storage_secret_access_key: SecretStr | None = Field(
        None, description="The secret half of the key pair."
    )
    storage_public_endpoint: Annotated[str | None, AfterValidator(origin)] = Field(
        None,
        description="Address under which clients reach the same storage. With it, Xet clients "
        "download from there by signed addresses, each good for one range and 15 minutes; without "
        "it, every byte goes through the hub and is checked there.",
    )
    storage_uploads: bool = Field(
        True,
        description="With `storage_public_endpoint`, let Xet clients upload to the storage itself, "
        "too: spares the hub slow lines, and takes longer on fast ones. Bytes are checked by the "
        "hub before they count either way.",
    )
    spool_folder: Path | None = Field(
        None,
        description="Folder on a disk of this host for bytes on their way in; only with "
        "`storage_url`. Without it, spool/ in the data folder.",
    )
    server: Literal["granian", "uvicorn"] = Field(
        "granian", description="HTTP server: granian, or uvicorn where it is installed."
    )
    log_format: Literal["json", "text"] = Field(
        "json", description="One JSON object or one plain line for each log record, on stderr."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe records that are written."
    )
    log_requests: bool = Field(
        default=True, description="Write one record for each request answered."
    )
    metrics_from: Networks = Field(
        ("127.0.0.0/8", "::1/128"), description="Networks that may read /metrics, comma-separated."
    )

    threads: int = Field(
        16, ge=2, le=256, description="Threads for use cases: requests that work at the same time."
    )
    reader_threads: int = Field(
        8, ge=1, le=256, description="Threads that read and check content for downloads."
    )
    uploads_at_once: int = Field(
        64,
        ge=1,
        le=4096,
        description="Request bodies with content taken at the same time; the "
        "next ones wait up to 30 s and are then asked to come back.",
    )
    download_memory_bytes: int = Field(
        64 * _MIB,
        ge=_MIB,
        description="Memory for content on its way to slow readers, shared by "
        "all of them: more downloads read in smaller pieces.",
    )
    body_idle_seconds: float = Field(
        60.0,
        gt=0,
        description="A request body that brings nothing for this long is given up (408).",
    )
    send_idle_seconds: float = Field(
        600.0, gt=0, description="A reader that takes nothing for this long is disconnected."
    )
    header_seconds: float = Field(
        30.0, gt=0, description="A request whose headers take longer than this is disconnected."
    )
    bucket_followers_max: int = Field(
        200,
        ge=0,
        le=10_000,
        description="Connections that may follow the changes of buckets at the same time; 0: none.",
    )
    shutdown_seconds: float = Field(
        60.0, ge=0, description="On SIGTERM, requests under way get this long to finish."
    )

    smtp_host: str | None = Field(
        None,
        description="Mail server that takes what the hub sends by e-mail. Without it nothing is "
        "sent. Needs `smtp_from` and `public_url`, to which links lead.",
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="How the line to it is secured: from a command on, from the start (port 465), "
        "or not, for a server on the same machine. Certificates are checked.",
    )
    smtp_user: str | None = Field(None, description="Name to sign in there, if it asks for one.")
    smtp_password_file: Path | None = Field(
        None, description="File whose first line is the password for it."
    )
    smtp_from: str | None = Field(None, description="Address that messages come from.")
    outbound: bool = Field(
        default=True,
        description="Let the hub send what people asked for: webhooks. `false`: no request ever "
        "leaves it.",
    )
    outbound_allow: Inside = Field(
        (),
        description="What the hub may reach although it lies inside its own network, "
        "comma-separated: networks, addresses, names of hosts, names with a port. Everybody else's "
        "address that is not on the internet is refused.",
    )

    run_by: Literal["nobody", "users", "everybody"] = Field(
        "users",
        description="Who may run models here: nobody, whoever has an account, or everybody. What "
        "they may not read they cannot run. Needs the extra `ask`.",
    )
    run_models_max: int = Field(
        2, ge=1, le=64, description="Models in memory at the same time, each a process of its own."
    )
    run_memory_bytes: int = Field(
        0,
        ge=0,
        description="Memory for all of them together. 0: what is free when one is loaded. The "
        "quantisation that fits is chosen by this.",
    )
    run_idle_seconds: float = Field(
        600.0, gt=0, description="A model that nobody asks for this long is unloaded."
    )
    run_context_tokens: int = Field(
        4096, ge=256, description="Longest conversation, if the model takes that much."
    )
    run_at_once: int = Field(
        2, ge=1, le=32, description="Answers that one model writes at the same time."
    )
    run_waiting_max: int = Field(
        8, ge=0, le=1024, description="Requests that may wait for each model; the next get 429."
    )
    run_threads: int = Field(
        0,
        ge=0,
        le=512,
        description="Threads that compute for each model. 0: one fewer than there are cores; where "
        "a thread shares its core with other work, all of them wait for it.",
    )
    run_answer_seconds: float = Field(
        300.0, gt=0, description="An answer that takes longer is ended where it is."
    )
    run_answer_tokens: int = Field(4096, ge=1, description="Longest answer.")
    run_url: Annotated[str | None, AfterValidator(base_address)] = Field(
        None,
        description="Address of a server that speaks OpenAI's API (https://host/v1): its models "
        "run as `remote:NAME` for whoever has an account.",
    )
    run_key_file: Path | None = Field(
        None, description="File whose first line is the key for that server."
    )
    speak_model: str = Field(
        "",
        description="The voice that pages speak with, as org/name or org/name:file. Empty: the "
        "newest voice of the reader's own. Needs the extra `voice`.",
    )
    listen_model: str = Field(
        "",
        description="What pages listen with, named the same way. Empty: the newest of the "
        "reader's own.",
    )
    derived_max_bytes: int = Field(
        0,
        ge=0,
        description="What files that are made from content (models to run, indexes) may take in "
        "derived/; the least recently used go first, and are made again when they are needed. 0: "
        "20 GiB, or a fifth of the disk where that is less.",
    )
    quota_bytes: int = Field(
        0,
        ge=0,
        description="How many bytes of large files each namespace may hold; `swell quota` gives "
        "one a limit of its own. 0: no limit.",
    )

    scrub_bytes_per_second: int = Field(
        20 * _MIB,
        ge=0,
        description="How much of what is stored is read and checked again in the background, at "
        "most; every day a pass begins, or goes on where it stopped. 0: never.",
    )

    json_body_max_bytes: int = Field(
        8 * _MIB, ge=1024, description="Largest body of an ordinary API request."
    )
    commit_body_max_bytes: int = Field(
        16 * _GIB, ge=_MIB, description="Largest body of a commit request."
    )
    commit_line_max_bytes: int = Field(
        96 * _MIB,
        ge=64 * 1024,
        description="Longest line of a commit request: one regular file in base64.",
    )
    commit_operations_max: int = Field(
        1_000_000, ge=1, description="Most files that one commit may touch."
    )

    cold_after_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="Weights that were uploaded so many days ago are written small, fine-tunes as "
        "their difference to the base; 0: never, unless `swell store cool` is called.",
    )
    grace_seconds: int = Field(
        28 * 24 * 3600,
        ge=1,
        description="What nothing needs any more is kept for this long, and can be brought back. "
        "Xet clients remember for three weeks what they sent: with less than four they may name "
        "what is gone, and fail until they forget.",
    )

    @model_validator(mode="after")
    def _spool_needs_a_bucket(self) -> Self:
        if self.spool_folder is not None and self.storage_url is None:
            msg = "spool_folder: bytes of a data folder come in through that folder"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _accel_needs_a_proxy_and_a_folder(self) -> Self:
        if self.accel_prefix is not None and (self.storage_url or not self.trusted_proxies):
            msg = "accel_prefix: needs `trusted_proxies`, and content in the data folder"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _mail_needs_a_sender(self) -> Self:
        if self.smtp_host is not None and not (self.smtp_from and self.public_url):
            msg = "smtp_host: needs `smtp_from` and `public_url`"
            raise ValueError(msg)
        if self.smtp_user is not None and self.smtp_security == "none":
            msg = "smtp_user: no password goes over a line that is not secured"
            raise ValueError(msg)
        if self.smtp_user is not None and self.smtp_password_file is None:
            msg = "smtp_user: needs `smtp_password_file`"
            raise ValueError(msg)
        return self

    @property
    def database(self) -> str:
        """Address of the database, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data.resolve() / 'groundswell.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env files
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor secret folders
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags win over the environment, the environment over the file."""
        file = TomlConfigSettingsSource(settings_cls, cls.toml_file) if cls.toml_file else None
        return (init_settings, env_settings, *([file] if file else []))


def load(
    flags: Mapping[str, Any],
    *,
    environment: Mapping[str, str] = os.environ,
    file: Path | None = None,
) -> Settings:
    """Settings from flags (None: not given), the environment and a file: DATA/swell.toml.

    Raises:
        SettingsFault: with one line for each setting that cannot be used.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    folder = Path(given.get("data") or environment.get(f"{ENVIRONMENT_PREFIX}DATA") or "data")
    place = file or folder / FILE_NAME

    class FromFile(Settings):
        toml_file = place if place.is_file() else None

    try:
        loaded = FromFile(**{**given, "data": folder})
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']} (got {fault['input']!r})"
            for fault in error.errors()
        ]
        raise SettingsFault("\n".join(lines)) from error
    except (OSError, ValueError) as error:
        msg = f"{place}: {error}"
        raise SettingsFault(msg) from error
    return Settings.model_construct(**loaded.model_dump())


def reference() -> str:
    """The text of `docs/reference/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Each setting is taken from the flags of `swell serve`, else from the environment, else",
        f"from `{FILE_NAME}` in the data folder, else from its default. A change takes a restart.",
        "Sizes are in bytes, times in seconds.",
        "",
        "| in the file | environment | default | meaning |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = ", ".join(default) if isinstance(default, tuple) else str(default)
        shown = "" if default in (None, ()) else f"`{shown}`"
        variable = f"{ENVIRONMENT_PREFIX}{name.upper()}"
        lines.append(f"| `{name}` | `{variable}` | {shown} | {field.description} |")
    return "\n".join([*lines, ""])
