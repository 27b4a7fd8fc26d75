"""The one frozen Config; each setting documented where it is declared."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from client.rules.settings import ConfigError, guard

Environment = Literal["production", "trial", "training"]
ClientCertificate = Literal["off", "memfd"]
LineProfile = Literal["main", "mobile"]
MeteredDeltas = Literal["later", "at_once", "asked"]
Language = Literal["ja", "en"]
DeviceKey = Literal["keyring", "tpm"]
ThemeName = Literal["system", "light", "dark", "high_contrast"]


def _default_data_dir() -> Path:
    from platformdirs import site_data_path  # only where no folder is set: half of all starts need not pay

    return site_data_path("madoguchi", appauthor=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything a town may set; only ``ui/assembly.py`` reads it and passes on what a part needs."""

    data_dir: Path = field(
        default_factory=_default_data_dir,
        metadata={"doc": "Folder of this PC's encrypted files; each environment has its own below it."},
    )
    cloud_url: str = field(
        default="", metadata={"doc": "Address of the town in the municipal cloud: https://HOST/CODE."}
    )
    ca_file: str = field(
        default="",
        metadata={"doc": "Certificate authority of the cloud (PEM); empty: the operating system's own."},
    )
    proxy: str = field(
        default="", metadata={"doc": "Proxy on the way to the cloud, http://host:port; empty: none."}
    )
    client_certificate: ClientCertificate = field(
        default="off",
        metadata={
            "doc": "memfd shows this terminal's certificate in TLS, where a proxy asks for it; Linux only. "
            "The signed header proves the terminal in any case."
        },
    )
    environment: Environment = field(
        default="production",
        metadata={
            "doc": "production, trial (a synthetic town) or training (drills); each has its own files and keys."
        },
    )
    municipality: str = field(
        default="", metadata={"doc": "Name shown before enrolment; after it the cloud's own word counts."}
    )
    terminal_name: str = field(
        default="窓口1", metadata={"doc": "What staff call this PC; printed in issue numbers."}
    )
    printer_uri: str = field(
        default="",
        metadata={
            "doc": "Where papers go: ipp://host/path; empty: none set. file:FOLDER writes them as PDF, not encrypted."
        },
    )
    printer_name: str = field(
        default="プリンタ1", metadata={"doc": "What staff call the printer; part of the issue number."}
    )
    line_profile: LineProfile = field(
        default="main",
        metadata={"doc": "main, or mobile where cloud_url itself is reached over a metered router."},
    )
    second_url: str = field(
        default="",
        metadata={"doc": "Second line: its address of the town; empty, with a proxy set: the main line's."},
    )
    second_proxy: str = field(default="", metadata={"doc": "Second line: its proxy; empty: none."})
    second_ca_file: str = field(default="", metadata={"doc": "Second line: its authority; empty: ca_file."})
    mobile_url: str = field(
        default="",
        metadata={"doc": "Mobile router: its address of the town; empty, with a proxy set: the main line's."},
    )
    mobile_proxy: str = field(default="", metadata={"doc": "Mobile router: its proxy; empty: none."})
    mobile_ca_file: str = field(default="", metadata={"doc": "Mobile router: its authority; empty: ca_file."})
    metered_lines: str = field(
        default="mobile",
        metadata={"doc": "Which of second and mobile are paid by the byte, with a space between."},
    )
    metered_deltas: MeteredDeltas = field(
        default="later",
        metadata={
            "doc": "Changes of the register over a metered line: later (after the outbox, once a minute), at_once or "
            "asked. Blocks always come, snapshots only when asked for."
        },
    )
    metered_attachments: MeteredDeltas = field(
        default="asked",
        metadata={"doc": "Scans over a metered line: asked, later (after the outbox) or at_once."},
    )
    attachment_megabytes: int = field(
        default=20, metadata={"doc": "Largest scan or photo beside an intake, 1 to 20 MB.", "range": (1, 20)}
    )
    attachments_of_intake: int = field(
        default=20, metadata={"doc": "Most scans and photos beside one intake, 1 to 20.", "range": (1, 20)}
    )
    language: Language = field(
        default="ja", metadata={"doc": "Language of the screens, ja or en; papers are Japanese."}
    )
    help_contact: str = field(
        default="",
        metadata={"doc": "How staff reach IT, as shown where they must call: an extension, a name."},
    )
    theme: ThemeName = field(default="system", metadata={"doc": "system, light, dark or high_contrast."})
    text_percent: int = field(
        default=100, metadata={"doc": "Size of all letters on the screen, 100 to 200.", "range": (100, 200)}
    )
    idle_lock_minutes: int = field(
        default=10, metadata={"doc": "Minutes untouched until the screen locks, 1 to 60.", "range": (1, 60)}
    )
    clipboard_seconds: int = field(
        default=60,
        metadata={
            "doc": "Seconds after which what was copied is off the clipboard, 5 to 600.",
            "range": (5, 600),
        },
    )
    answer_wait_ms: int = field(
        default=1800,
        metadata={
            "doc": "How long an issue waits for the cloud before the replica answers, 300 to 10000; on a far line to 2500.",
            "range": (300, 10000),
        },
    )
    sync_seconds: int = field(
        default=10,
        metadata={"doc": "Seconds between two rounds of the replica, 2 to 600.", "range": (2, 600)},
    )
    outbox_keep_days: int = field(
        default=35, metadata={"doc": "Days for which what has arrived is kept, 7 to 400.", "range": (7, 400)}
    )
    show_as_of_offline: bool = field(
        default=False,
        metadata={"doc": "Print the as-of line on papers made off line; fixed forms leave it off."},
    )
    training_hint: str = field(
        default="", metadata={"doc": "Ready file of a training cloud, whose sign-in is shown. Training only."}
    )
    card_module: str = field(
        default="",
        metadata={"doc": "PKCS#11 module of IC cards (a file); set, nobody signs in without a card."},
    )
    card_key: str = field(
        default="",
        metadata={"doc": "Label of the card's key; empty: the first that signs, and that decrypts."},
    )
    second_factor: str = field(
        default="",
        metadata={"doc": "Empty: codes, or cards; fido2, or a plug-in's name: a key at online sign-ins."},
    )
    device_key: DeviceKey = field(
        default="keyring",
        metadata={
            "doc": "Where the device secret is kept: keyring, or tpm: in the keyring, sealed by this PC's TPM 2.0 (Linux "
            "only). After a change: madoguchi keys move."
        },
    )
    tpm_device: str = field(
        default="/dev/tpmrm0", metadata={"doc": "The TPM: its device, or a socket of swtpm."}
    )
    tpm_pcrs: str = field(
        default="",
        metadata={
            "doc": "PCRs (SHA-256) the TPM also asks for, with a space between; empty: none. With them a new firmware can "
            "shut this terminal for good."
        },
    )
    enrolment_token_file: str = field(
        default="", metadata={"doc": "File with a one-time enrolment token, used at the first start."}
    )

    neighbours: str = field(
        default="",
        metadata={
            "doc": "Other terminals of this town that bring changes while the cloud is away: host:port,host:port."
        },
    )
    hall_url: str = field(
        default="",
        metadata={
            "doc": "Hall server of this house, https://host:port: asked before the neighbours, and given the sealed "
            "outbox while the cloud is away."
        },
    )
    serve_neighbours: str = field(
        default="", metadata={"doc": "Where this machine serves its neighbours, host:port; empty: nobody."}
    )
    hall_secret_file: str = field(
        default="",
        metadata={
            "doc": "File with the secret that opens a hall server's key; empty: systemd's credential hall-secret."
        },
    )

    release_minutes: int = field(default=10, metadata={"doc": "Minutes a release holds.", "range": (1, 60)})
    measure_alert_days: int = field(
        default=31,
        metadata={
            "doc": "Days before the end date of a support measure or a block from which the officer is told.",
            "range": (1, 366),
        },
    )
    register_warn_hours: int = field(
        default=24, metadata={"doc": "Age of the register's data at which a paper warns.", "range": (1, 720)}
    )
    register_stop_hours: int = field(
        default=72,
        metadata={"doc": "Age of the register's data from which no paper is made.", "range": (1, 720)},
    )
    register_declared_hours: int = field(
        default=168,
        metadata={"doc": "The same while a disaster is declared, if it is more.", "range": (1, 2160)},
    )
    self_only_hours: int = field(
        default=0,
        metadata={
            "doc": "Age from which papers are 本人's with photo identity alone; 0: never.",
            "range": (0, 720),
        },
    )
    shelter: bool = field(
        default=False, metadata={"doc": "This PC is in a shelter (避難所): off line the same, at any age."}
    )
    declared_days: int = field(
        default=7, metadata={"doc": "Days a declaration of disaster holds.", "range": (1, 14)}
    )
    declared_lease_days: int = field(
        default=7, metadata={"doc": "Days it makes a sign-in off line longer at most.", "range": (1, 14)}
    )
    deputy_days: int = field(
        default=7,
        metadata={"doc": "Days for which two may declare a 職務代理者 off line at most.", "range": (1, 31)},
    )
    blocks_warn_hours: int = field(
        default=4, metadata={"doc": "Age of the blocks' data at which a paper warns.", "range": (1, 168)}
    )
    blocks_stop_hours: int = field(
        default=24,
        metadata={
            "doc": "Age of the blocks' data from which no paper is made, declared or not.",
            "range": (1, 168),
        },
    )
    night_from: int = field(
        default=22, metadata={"doc": "Hour from which access counts as at night, 0 to 23.", "range": (0, 23)}
    )
    night_until: int = field(
        default=5, metadata={"doc": "Hour at which the night is over, 0 to 23.", "range": (0, 23)}
    )
    open_days: str = field(
        default="",
        metadata={"doc": "Days off by law on which this town is open, 2026-12-29, with a space between."},
    )
    closed_days: str = field(default="", metadata={"doc": "More days on which it is closed."})
    failed_sign_ins_a_day: int = field(
        default=3, metadata={"doc": "Wrong secrets of one id on one day that stand out.", "range": (1, 1000)}
    )
    sign_ins_a_day: int = field(
        default=20, metadata={"doc": "Sign-ins of one id on one day that stand out.", "range": (1, 1000)}
    )
    searches_an_hour: int = field(
        default=60, metadata={"doc": "Searches within any hour that stand out.", "range": (1, 10000)}
    )
    number_searches_a_day: int = field(
        default=30,
        metadata={"doc": "Searches from a 宛名番号 on one day that stand out.", "range": (1, 10000)},
    )
    numbers_in_a_row: int = field(
        default=5, metadata={"doc": "People whose 宛名番号 follow each other.", "range": (2, 1000)}
    )
    export_folder: str = field(
        default="",
        metadata={"doc": "Folder for extracts of the book (CSV), not encrypted; empty: none is written."},
    )
    book_keep_least_days: int = field(
        default=1095,
        metadata={"doc": "Days for which the book is kept here at least, 365 to 3660.", "range": (365, 3660)},
    )
    book_keep_days: int = field(
        default=0,
        metadata={
            "doc": "Days after which lines of the book that the cloud has are taken out here; 0: never. At least a "
            "week more than book_keep_least_days.",
            "range": (0, 20_000),
        },
    )
    place_readings_file: str = field(default="", metadata={"doc": "CSV: names of 町字 and their kana."})
    allow_pdf_files: bool = field(
        default=False,
        metadata={
            "doc": "Let officers save papers as files in production (file: as printer_uri, or a queue that prints to PDF); "
            "they lie on a disk, readable to whoever has it, and each is in the book."
        },
    )
    drill: str = field(
        default="", metadata={"doc": "A drill to have ready, by name; only in the training environment."}
    )

    def __post_init__(self) -> None:
        guard(self)

    @property
    def pcrs(self) -> tuple[int, ...]:
        """Return the PCRs a sealed device secret asks for."""
        return tuple(int(pcr) for pcr in self.tpm_pcrs.split())

    @property
    def neighbour_addresses(self) -> tuple[str, ...]:
        """Return whom to ask while the cloud is away, host:port, the hall server first."""
        named = [self.hall_url.removeprefix("https://").rstrip("/"), *self.neighbours.split(",")]
        return tuple(address.strip() for address in named if address.strip())

    def days(self, name: Literal["open_days", "closed_days"]) -> frozenset[date]:
        """Return the days of a setting. ConfigError where one is none."""
        try:
            return frozenset(map(date.fromisoformat, getattr(self, name).split()))
        except ValueError:
            raise ConfigError(f"{name}: days as 2026-12-29, with a space between") from None

    @property
    def terminal_dir(self) -> Path:
        """Return the folder of this environment's files."""
        return self.data_dir / self.environment

    @property
    def training(self) -> bool:
        """Tell whether nothing done here is real."""
        return self.environment == "training"
