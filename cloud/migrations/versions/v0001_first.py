"""The tables as version 0.1.0 of the cloud had them."""

from cloud.migrations.shapes import index, table

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    _from_attestation_on()
    _from_issue_book_on()


def _from_attestation_on() -> None:
    table(
        "attestation",
        "attestation_id",
        ("certificate scope text in_force_from in_force_until bucket:int row_digest:blob changed_in:int"),
    )
    index("attestation_bucket", "attestation", "municipality bucket")
    table(
        "block",
        "block_id",
        ("atena_no household_no process level reason starts ends bucket:int row_digest:blob changed_in:int"),
    )
    index("block_atena", "block", "municipality atena_no")
    index("block_bucket", "block", "municipality bucket")
    table(
        "certifier",
        "certifier_id",
        ("title name in_force_from in_force_until bucket:int row_digest:blob changed_in:int"),
    )
    index("certifier_bucket", "certifier", "municipality bucket")
    table("change_log", "feed version:int seq:int", "table_name row_key body:blob")
    table(
        "command",
        "key",
        (
            "terminal kind made_by made_at clock_offset_ms:int received_at outcome answer "
            "words:blob signature:blob"
        ),
    )
    table("digest_mid", "feed mid:int", "sums:blob digest:blob")
    table("enrolment_token", "token_hash", "made_at expires_at used_by used_key:blob")
    table("fee_book", "command_key", "terminal serial_key yen:int made_by made_at")
    table(
        "fee_rule",
        "rule_id",
        ("certificate unit yen:int in_force_from in_force_until bucket:int row_digest:blob changed_in:int"),
    )
    index("fee_rule_bucket", "fee_rule", "municipality bucket")
    table("feed_head", "feed", "version:int at root:blob log_from:int")
    table("feed_version", "feed version:int", "at root:blob")
    table(
        "intake",
        "command_key",
        ("kind atena_no state reason changed_at bucket:int row_digest:blob changed_in:int"),
    )
    index("intake_bucket", "intake", "municipality bucket")
    table(
        "intake_case",
        "command_key",
        (
            "kind atena_no state terminal made_by made_at received_at todoke_date base payload "
            "decided_by decided_at"
        ),
    )
    index("intake_case_resident", "intake_case", "municipality atena_no")


def _from_issue_book_on() -> None:
    table(
        "issue_book",
        "command_key",
        (
            "terminal serial:int serial_key certificate day subject state pages:int fee_yen:int "
            "printer offline:bool made_by made_at received_at payload"
        ),
        unique=("municipality terminal serial", "municipality terminal serial_key"),
    )
    table("journal_segment", "command_key", "terminal made_at payload")
    table(
        "juminzei",
        "atena_no fiscal_year:int",
        (
            "declared levy income_total:int salary_income:int pension_income:int deductions:int "
            "taxable:int city_income_levy:int city_flat_levy:int prefecture_income_levy:int "
            "prefecture_flat_levy:int forest_levy:int annual_tax:int address_jan1 dependants:int "
            "bucket:int row_digest:blob changed_in:int"
        ),
    )
    index("juminzei_bucket", "juminzei", "municipality bucket")
    table(
        "nhi_member",
        "atena_no acquired",
        (
            "acquired_reason symbol number branch householder_atena_no lost lost_reason "
            "burden:int valid_until bucket:int row_digest:blob changed_in:int"
        ),
    )
    index("nhi_member_bucket", "nhi_member", "municipality bucket")
    table(
        "official_seal",
        "seal_id",
        (
            "certifier_id image:blob side_mm:int in_force_from in_force_until bucket:int "
            "row_digest:blob changed_in:int"
        ),
    )
    index("official_seal_bucket", "official_seal", "municipality bucket")
    table(
        "quarantine",
        "item_id",
        ("command_key terminal kind reason received_at words:blob sealed:blob signature:blob"),
    )
    table(
        "resident",
        "atena_no history_no:int",
        (
            "household_no order_no:int status kind full_name latin_name furigana "
            "furigana_confirmed:bool former_surname former_surname_furigana tsusho "
            "tsusho_furigana birth_text birth_sort sex relationship householder_name honseki "
            "hittosha address_code postcode address_town address_banchi address_katagaki "
            "resident_since_text resident_since_sort resident_since_reason address_since_text "
            "address_since_sort todoke_date tennyu_from before_move ido_reason ido_date "
            "ido_todoke_date processed_date tenshutsu_to tenshutsu_planned removed_reason "
            "removed_date nationality article_30_45 residence_status residence_period "
            "residence_until residence_card_no remarks bucket:int row_digest:blob changed_in:int"
        ),
    )
    index("resident_bucket", "resident", "municipality bucket")
    table(
        "resident_index", "atena_no", "history_no:int household_no order_no:int status kana_sort birth_sort"
    )
    index("resident_index_birth", "resident_index", "municipality birth_sort")
    index("resident_index_household", "resident_index", "municipality household_no")
    index("resident_index_kana", "resident_index", "municipality kana_sort atena_no")
    table("resident_name", "atena_no seq:int", "kind folded")
    index("resident_name_folded", "resident_name", "municipality kind folded")
    table("session", "token_hash", "staff_id terminal_no made_at expires_at")
    table("sheet_event", "command_key", "terminal serial_key event reason made_by made_at")
    index("sheet_event_serial", "sheet_event", "municipality terminal serial_key")
    table(
        "shien_sochi",
        "measure_id",
        ("atena_no provisional:bool starts ends bucket:int row_digest:blob changed_in:int"),
    )
    index("shien_sochi_atena", "shien_sochi", "municipality atena_no")
    index("shien_sochi_bucket", "shien_sochi", "municipality bucket")
    table(
        "staff",
        "staff_id",
        (
            "name section password_hash totp_seed:blob totp_last_step:int failures:int "
            "lockouts:int locked_until"
        ),
    )
    table("staff_right", "staff_id right_name", "from_day until_day")
    table("tenant", "", "schema:int last_terminal:int founded_at")
    table(
        "terminal", "terminal_no", ("name public_key:blob certificate deposit:blob enrolled_at revoked_since")
    )
    table("terminal_revocation", "terminal_no", "since bucket:int row_digest:blob changed_in:int")
    index("terminal_revocation_bucket", "terminal_revocation", "municipality bucket")
    table("town", "code", "name prefecture kana bucket:int row_digest:blob changed_in:int")
    index("town_bucket", "town", "municipality bucket")
