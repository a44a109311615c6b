"""Settings: one TOML file, the environment (`ANNUL_...`) over it, the command line over both.

What has parts is a table in the file and JSON in the environment:

    [status_tls]                      # ANNUL_STATUS_TLS='{"certificate": "status.pem", ...}'
    certificate = "tls/status.pem"    # with its chain
    key = "tls/status.key"
    clients = "required"              # or "wanted", or "none"
    client_ca = "tls/operators.pem"

    [issuer_tls.00000101]             # by issuer
    ca = "tls/bank.pem"
    name = "pos.bank.example"         # else the address that is connected to
    certificate = "tls/acquirer.pem"  # if the issuer asks for one
    key = "tls/acquirer.key"
"""

from contextvars import ContextVar
from datetime import time
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from annul.desk.roles import ROLES
from annul.domain.notices import USUAL_LANGUAGE
from annul.domain.retention import kept_days
from annul.operate.alarms.rules import AlarmRules
from annul.operate.training.rules import TrainingRules
from annul.security.tls import Clients, ClientTls, ServerTls
from annul.settle.chargebacks.rules import ChargebackRules
from annul.settle.clearing.declared import DeclaredFiles
from annul.settle.clearing.rules import ClearingRules
from annul.settle.house_bank import HouseBank
from annul.store.schema import NAME, PUBLIC

DEFAULT_FILE: Final = "annul.toml"
_file: ContextVar[Path | None] = ContextVar("settings_file", default=None)


class Settings(BaseSettings):
    """What an operator may set. Nothing listens beyond loopback until a host is given here."""

    _given: tuple[Path | None, frozenset[str]] = PrivateAttr(default=(None, frozenset()))

    model_config = SettingsConfigDict(env_prefix="ANNUL_", extra="forbid", validate_default=True)

    data: Path = Field(Path("data"), description="folder of database, keys and journals")
    database: SecretStr = Field(
        SecretStr(""), description="PostgreSQL URL; empty: the embedded server in the data folder"
    )
    database_owner: SecretStr = Field(
        SecretStr(""), description="URL of the role that owns the tables; empty: as database"
    )
    database_schema: str = Field(
        PUBLIC, pattern=NAME, description="schema of annul's tables, where cells share a database"
    )
    cells: Path | None = Field(
        None, description="file of cells, where there are several; see docs/scale.md"
    )
    cell: str = Field("", description="name of the cell that this process serves")
    node: int | None = Field(
        None, ge=0, le=9, description="number of this host process; unset: any that is free"
    )
    node_lease_s: float = Field(
        10.0,
        ge=0.5,
        le=600,
        description="seconds without a sign of life; then others move on what this host left",
    )

    terminals_host: str = Field("127.0.0.1", description="address that terminals connect to")
    terminals_port: int = Field(8583, ge=0, le=65535)
    terminals_tls: ServerTls | None = Field(
        None, description="terminals may speak TLS, on a port of their own"
    )
    terminals_tls_port: int | None = Field(
        None, ge=0, le=65535, description="where they connect; default: terminals_port + 1"
    )
    terminals_shared: bool = Field(
        default=False,
        description="other host processes of this machine listen there too; the kernel deals out",
    )
    terminals_proxies: list[str] = Field(
        default_factory=list,
        description="networks of balancers and hosts of other cells that say who has connected",
    )
    terminals_framing: str = Field("tpdu_2", description="how their messages are framed")
    terminals_dialect: str = Field(
        "unionpay_pos", description="what terminals speak that are not registered with another"
    )
    max_in_flight: int = Field(
        5_000, ge=1, description="above it, requests are answered 96 at once"
    )
    frame_limit: int = Field(
        4_096, ge=128, description="bytes; a longer frame closes its connection"
    )
    max_connections: int = Field(
        20_000, ge=1, description="of terminals; fewer when the kernel's limit on files is lower"
    )
    connections_per_address: int = Field(
        4_096,
        ge=1,
        description="above it, the oldest connection that has proven nothing is closed",
    )
    first_message_s: float = Field(
        15.0, gt=0, description="seconds until a connection must have named a terminal"
    )
    idle_s: float = Field(600.0, gt=0, description="seconds without a message; then it is closed")

    status_host: str = Field("127.0.0.1", description="address of health, metrics and status")
    status_port: int = Field(8580, ge=0, le=65535)
    status_tls: ServerTls | None = Field(None, description="the status port speaks TLS only")

    drill: str = Field(
        "", description="name of the drill that this is the sandbox of; every page is marked"
    )
    console: bool = Field(default=True, description="whether this process serves console and API")
    console_host: str = Field("127.0.0.1", description="address of console and API")
    console_port: int = Field(8581, ge=0, le=65535)
    console_url: str = Field(
        "",
        pattern=r"^(https?://[!-~]+)?$",
        description="address under which people open the console: links in notices begin with it",
    )
    notices_language: Literal["zh", "en"] = Field(
        USUAL_LANGUAGE, description="of notices and mailed reports where nobody has chosen another"
    )
    api_rate: float = Field(
        50.0, gt=0, description="calls a second that one visitor may make over the API"
    )
    api_burst: int = Field(100, ge=1, description="calls that one visitor may make at once")
    second_factor_roles: list[str] = Field(
        default_factory=list, description="roles that must sign in with a second factor"
    )
    tls_certificate: Path | None = Field(None, description="PEM file; console and API speak TLS")
    tls_key: Path | None = Field(None, description="PEM file of its key")
    console_tls: ServerTls | None = Field(
        None, description="console and API speak TLS only; tls_certificate, tls_key: short form"
    )

    issuer_tls: dict[Annotated[str, Field(pattern=r"^\d{8,11}$")], ClientTls] = Field(
        default_factory=dict, description="how the link to an issuer speaks TLS"
    )

    bank: HouseBank | None = Field(
        None, description="the acquirer's bank, from which merchants are paid; none: nobody is"
    )
    clearing: ClearingRules = Field(
        default_factory=ClearingRules, description="how clearing files are judged"
    )
    clearing_files: DeclaredFiles = Field(
        default_factory=DeclaredFiles, description="which clearing files are expected, and when"
    )
    alarms: AlarmRules = Field(
        default_factory=AlarmRules, description="how traffic is watched; see docs/watching.md"
    )

    chargebacks: ChargebackRules = Field(
        default_factory=ChargebackRules, description="deadlines, warning and fee of chargebacks"
    )

    acquirer_id: str = Field("00010000", pattern=r"^\d{8,11}$", description="field 32")
    support_phone: str = Field(
        "",
        pattern=r"^(\+?[\d() -]{3,20})?$",
        description="telephone for shops and customers: on slips, My shop and proofs",
    )
    zone: str = Field("Asia/Shanghai", description="zone of the business day")
    cut_over: time = Field(time(23, 0), description="from here on the next business day counts")

    resolver: bool = Field(default=True, description="whether this process works on cases")
    issuer_judged_s: float = Field(
        60.0,
        ge=5.0,
        le=300.0,
        description="by so many seconds of its answers an issuer is up or down; less for drills",
    )
    void_time_scale: float = Field(
        1.0,
        gt=0,
        description="multiplies waits of cases and of what is owed to issuers; below 1 for drills",
    )
    void_due_s: dict[
        Literal["proof", "network", "window", "funds", "day", "person"],
        Annotated[float, Field(gt=0)],
    ] = Field(
        default_factory=dict,
        description="seconds within which a void ends, by class of its cause; else as documented",
    )
    reversal_tries: int = Field(
        10,
        ge=1,
        description=("reversal attempts after which an incident opens and others go first"),
    )
    void_tries: int = Field(8, ge=0, description="automatic retries of a void")
    void_give_up_s: float | None = Field(
        None,
        gt=0,
        description="seconds until a case ends as refused at the latest; by cause if unset",
    )

    incidents_quiet_s: float = Field(
        300.0,
        gt=0,
        description="seconds after which an incident closes by itself once all of it is over",
    )
    incidents_owed: int = Field(
        500,
        ge=1,
        description="reversals and advices for one issuer, or webhook deliveries, that are too many"
        " when the oldest has waited for a minute",
    )
    incidents_sign_ins: int = Field(
        20, ge=1, description="refused sign-ins within ten minutes from which on it is an incident"
    )
    learnt_every_s: float = Field(
        10.0,
        gt=0,
        description="seconds between two looks at what issuers' answers say of their rules",
    )
    learnt_policies_from: float = Field(
        1.01,
        ge=0.9,
        le=1.01,
        description="a learnt rule that is as sure becomes a policy by itself; above 1: none does",
    )

    retention_days: dict[str, Annotated[int, Field(le=36_500)]] = Field(
        default_factory=dict,
        description="days for which a subject is kept, where not as documented",
    )

    capacity: bool = Field(
        default=True,
        description="whether this process measures what it costs, and works out what will be short",
    )
    capacity_every_s: float = Field(
        60.0, ge=0.5, le=300, description="seconds between two of these measurements"
    )
    capacity_notice_days: int = Field(
        60, ge=1, le=365, description="days before which somebody is told of what will be short"
    )

    training: TrainingRules = Field(
        default_factory=TrainingRules, description="courses; see docs/training.md"
    )

    seals_folder: Path | None = Field(
        None, description="folder of the exports of seals; default: seals in the data folder"
    )

    master_key_file: Path | None = Field(None, description="default: master.key in the data folder")
    master_key: SecretStr = Field(SecretStr(""), description="hex, 32 bytes; instead of the file")

    otlp_endpoint: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="where traces go by OTLP/HTTP, as http://collector:4318/v1/traces; empty: none",
    )
    otlp_service: str = Field("annul", min_length=1, description="service.name in traces")
    otlp_ratio: float = Field(
        1.0, gt=0, le=1, description="share of transactions that is traced, chosen by chance"
    )

    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")

    @field_validator("cell")
    @classmethod
    def _of_a_file(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("cells") is None:
            message = "give cells too: the file that says which cells there are"
            raise ValueError(message)
        return value

    @field_validator("terminals_proxies")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for one in value:
            ip_network(one)
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        ZoneInfo(value)
        return value

    @field_validator("database_owner")
    @classmethod
    def _of_ones_own(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if value.get_secret_value() and not info.data["database"].get_secret_value():
            message = "give database too: of the embedded server annul knows the owner"
            raise ValueError(message)
        return value

    @field_validator("retention_days")
    @classmethod
    def _kept_long_enough(cls, value: dict[str, int]) -> dict[str, int]:
        kept_days(value)
        return value

    @field_validator("second_factor_roles")
    @classmethod
    def _known_roles(cls, value: list[str]) -> list[str]:
        if not set(value) <= ROLES.keys():
            message = f"roles are {', '.join(ROLES)}"
            raise ValueError(message)
        return value

    @field_validator("console_tls")
    @classmethod
    def _long_form(cls, value: ServerTls | None, info: ValidationInfo) -> ServerTls | None:
        certificate, key = info.data.get("tls_certificate"), info.data.get("tls_key")
        if certificate is None and key is None:
            return value
        if value is not None or certificate is None:
            message = "give this, or tls_certificate with tls_key"
            raise ValueError(message)
        return ServerTls(certificate, key or certificate)

    @field_validator("terminals_tls", "status_tls", "console_tls")
    @classmethod
    def _trusts_somebody(cls, value: ServerTls | None) -> ServerTls | None:
        if value is not None and (value.clients is Clients.NONE) is not (value.client_ca is None):
            message = "client_ca goes with clients that are wanted or required, and they with it"
            raise ValueError(message)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order: command line, environment, file."""
        del dotenv_settings, file_secret_settings
        file = TomlConfigSettingsSource(settings_cls, toml_file=_file.get())
        return (init_settings, env_settings, file)

    @classmethod
    def load(cls, file: Path | None = None, **given: Any) -> "Settings":
        """Read the file (`annul.toml` in the data folder by default) and what lies over it.

        `given` are values of the command line; None means not given. Raises pydantic's
        `ValidationError`, which names each setting at fault.
        """
        chosen = {name: value for name, value in given.items() if value is not None}
        token = _file.set(file or Path(chosen.get("data", "data")) / DEFAULT_FILE)
        try:
            settings = cls(**chosen)
        finally:
            _file.reset(token)
        settings._given = (file, frozenset(chosen))
        return settings

    @property
    def key_file(self) -> Path:
        """The file of the local master key, which `master_key` takes the place of."""
        return self.master_key_file or self.data / "master.key"

    @property
    def seals(self) -> Path:
        """The folder of the exports of seals."""
        return self.seals_folder or self.data / "seals"

    @property
    def witnesses(self) -> list[Path]:
        """The folders in which the hosts of this data folder keep what they were told."""
        own = (self.data, *sorted((self.data / "hosts").glob("*")))
        return [folder for one in own if (folder := one / "witness").is_dir()]

    @property
    def secured_port(self) -> int:
        """The port for terminals that speak TLS; 0 is a free one."""
        if self.terminals_tls_port is not None:
            return self.terminals_tls_port
        return self.terminals_port + 1 if self.terminals_port else 0

    def origins(self) -> dict[str, str]:
        """Say where each setting came from: command line, environment, file or default."""
        import os
        import tomllib

        file, given = self._given
        path = file or self.data / DEFAULT_FILE
        in_file = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        places = {
            "command line": set(given),
            "environment": {
                name for name in type(self).model_fields if f"ANNUL_{name.upper()}" in os.environ
            },
            "file": set(in_file),
        }
        return {
            name: next((place for place, names in places.items() if name in names), "default")
            for name in type(self).model_fields
        }
