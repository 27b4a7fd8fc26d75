"""Many towns side by side, and the whole of their contract."""

from cloud.migrations.shapes import add, drop, drop_table, fill, index, rename, table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make what is new, take away what nothing reads any more."""
    _out_of_the_way()
    _of_the_register()
    _beside_it()
    _changed()


def _out_of_the_way() -> None:
    rename("staff", "former_staff")
    drop("former_staff", "failures lockouts locked_until")
    rename("staff_right", "former_staff_right")
    drop_table("session")


def _of_the_register() -> None:
    table(
        "announcement",
        "announcement_id",
        ("level text starts ends bucket:int row_digest:blob changed_in:int"),
    )
    index("announcement_bucket", "announcement", "municipality bucket")
    table(
        "bank_account",
        "account_id",
        (
            "atena_no business bank_code bank_name branch_code branch_name kind number holder_kana "
            "starts ends bucket:int row_digest:blob changed_in:int"
        ),
    )
    index("bank_account_atena", "bank_account", "municipality atena_no")
    index("bank_account_bucket", "bank_account", "municipality bucket")
    table(
        "corporation",
        "atena_no",
        (
            "corporate_no name kana postcode address representative closed bucket:int row_digest:blob "
            "changed_in:int"
        ),
    )
    index("corporation_bucket", "corporation", "municipality bucket")
    table(
        "delivery_address",
        "delivery_id",
        (
            "atena_no business addressee postcode address reason starts ends bucket:int "
            "row_digest:blob changed_in:int"
        ),
    )
    index("delivery_address_atena", "delivery_address", "municipality atena_no")
    index("delivery_address_bucket", "delivery_address", "municipality bucket")
    table(
        "entitlement",
        "atena_no service since",
        ("until kind number bucket:int row_digest:blob changed_in:int"),
    )
    index("entitlement_bucket", "entitlement", "municipality bucket")
    table(
        "fixed_asset",
        "asset_id fiscal_year:int",
        (
            "atena_no kind place number use area_dm2:int value:int tax_base:int bucket:int "
            "row_digest:blob changed_in:int"
        ),
    )
    index("fixed_asset_atena", "fixed_asset", "municipality atena_no")
    index("fixed_asset_bucket", "fixed_asset", "municipality bucket")
    table(
        "form",
        "form_id",
        ("certificate body in_force_from in_force_until bucket:int row_digest:blob changed_in:int"),
    )
    index("form_bucket", "form", "municipality bucket")
    table(
        "gaiji",
        "code",
        (
            "reading mj_code outline:blob in_force_from in_force_until bucket:int row_digest:blob "
            "changed_in:int"
        ),
    )
    index("gaiji_bucket", "gaiji", "municipality bucket")
    table(
        "guide_tree",
        "tree_id",
        ("occasion title body in_force_from in_force_until bucket:int row_digest:blob changed_in:int"),
    )
    index("guide_tree_bucket", "guide_tree", "municipality bucket")
    table(
        "light_vehicle",
        "vehicle_id",
        (
            "atena_no plate class chassis_no acquired scrapped inspection_until annual_tax:int "
            "bucket:int row_digest:blob changed_in:int"
        ),
    )
    index("light_vehicle_atena", "light_vehicle", "municipality atena_no")
    index("light_vehicle_bucket", "light_vehicle", "municipality bucket")
    table(
        "outsider",
        "atena_no",
        (
            "full_name furigana birth_text birth_sort sex postcode address reason bucket:int "
            "row_digest:blob changed_in:int"
        ),
    )
    index("outsider_bucket", "outsider", "municipality bucket")
    table("phone", "phone_id", "atena_no kind number bucket:int row_digest:blob changed_in:int")
    index("phone_atena", "phone", "municipality atena_no")
    index("phone_bucket", "phone", "municipality bucket")
    table(
        "right_grant",
        "grant_id",
        ("staff_id section right from_day until_day bucket:int row_digest:blob changed_in:int"),
    )
    index("right_grant_bucket", "right_grant", "municipality bucket")
    table(
        "seal_registration",
        "atena_no registration_no",
        (
            "image:blob registered registered_name abolished abolished_reason bucket:int "
            "row_digest:blob changed_in:int"
        ),
    )
    index("seal_registration_bucket", "seal_registration", "municipality bucket")
    table(
        "staff_member",
        "staff_id",
        ("name section lent_by from_day until_day bucket:int row_digest:blob changed_in:int"),
    )
    index("staff_member_bucket", "staff_member", "municipality bucket")
    table(
        "tax_account",
        "atena_no tax fiscal_year:int instalment:int",
        ("subject due billed:int paid:int paid_on confirmed_on bucket:int row_digest:blob changed_in:int"),
    )
    index("tax_account_bucket", "tax_account", "municipality bucket")


def _beside_it() -> None:
    table("access_token", "token_hash", "session_id replaces made_at expires_at used_at")
    index("access_token_session", "access_token", "municipality session_id")
    table(
        "attachment", "key", ("terminal command_key media_type size:int sha256 parts:int begun_at whole_at")
    )
    index("attachment_command", "attachment", "municipality command_key")
    index("attachment_terminal", "attachment", "municipality terminal")
    table("attachment_part", "key place:int", "size:int sha256 content:blob")
    table("block_release", "command_key", "terminal officer second made_at payload")
    table("day_close", "command_key", "terminal day made_by made_at payload")
    index("day_close_day", "day_close", "municipality day")
    table("edit_lease", "atena_no", "token_hash held_by name section terminal until")
    table("factor_challenge", "terminal_no person_hash kind", "kept expires_at")
    table("former_certificate", "serial", "terminal_no public_key:blob certificate replaced_at")
    index("former_certificate_terminal", "former_certificate", "municipality terminal_no")
    table("newcomer", "provisional", "command_key atena_no")
    table("office_act", "act_no:int", "at who what subject form", unique=("municipality form",))
    table("office_session", "token_hash", "staff_id made_at seen_at")
    table("password_past", "staff_id seq:int", "password_hash")
    table(
        "session", "session_id", ("staff_id terminal_no factor made_at ends_at ended_at end_reason shown_by")
    )
    index("session_staff", "session", "municipality staff_id")
    table("sign_in_count", "whose name", "failures:int lockouts:int last_at locked_until")
    table("staff", "staff_id", "password_hash password_set_on suspended_since")
    table("staff_factor", "staff_id kind", "secret:blob state enrolled_on")
    table("terminal_order", "order_id", "terminal_no kind body made_by made_at fetched_at done_at answer")
    index("terminal_order_terminal", "terminal_order", "municipality terminal_no")
    table(
        "terminal_state",
        "terminal_no",
        (
            "told_at program register_version:int blocks_version:int waiting:int oldest_waiting "
            "clock_offset_ms:int"
        ),
    )


def _changed() -> None:
    add("intake", "provisional")
    add("intake_case", "provisional")
    add("journal_segment", "first:int last:int prev:blob links:blob head:blob")
    index("journal_segment_terminal", "journal_segment", "municipality terminal first")
    add("quarantine", "state decided_by decided_at decided_for")
    drop("tenant", "schema")
    fill("quarantine", "state", "kept")
