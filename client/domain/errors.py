"""Everything that can go wrong and concerns a person, by who must act.

    CounterError
    ├── LinkDownError        wait or work offline      link lost, timeout, cloud busy
    ├── SignInNeededError    sign in again             expired, locked, lease over
    ├── RefusedError         choose otherwise          permission, rule, restricted record
    ├── ConflictError        decide                    somebody changed it first
    ├── StoreError           call support              key, disk full, damaged copy
    └── PaperError           look at the printer       no paper, jam, unknown outcome

Anything else is a bug of ours, caught once at the roof. An error carries a code and facts; the sentence a
clerk reads is looked up by code in resources/text (``error.<code>``). Facts are ids and numbers, never
personal data.
"""


class CounterError(Exception):
    """Known trouble: a code that has a text, and facts for that text.

    ``codes`` lists the codes a class may carry; a test holds a text against each of them.
    """

    codes: tuple[str, ...] = ()

    def __init__(self, code: str, **facts: str | int) -> None:
        super().__init__(code)
        if code not in self.codes:
            raise ValueError(f"{type(self).__name__} knows no code {code!r}")
        self.code = code
        self.facts = facts


class LinkDownError(CounterError):
    """The cloud cannot be used now; waiting or working from the replica helps."""

    codes = (
        "link.unreachable",  # no connection: refused, no route
        "link.unknown_host",  # the cloud's name leads nowhere: the settings, or the name service
        "link.timeout",  # connected or not, no answer in time
        "link.broken",  # cut in mid-request; whether it took effect is unknown
        "link.busy",  # 429, 503: the cloud says wait
        "link.fault",  # 5xx or an answer that is not of the contract
        "link.unsigned",  # nobody of this town signed it: another town's server, or changed on the way
        "link.stale",  # an answer from before: a cache
        "link.backwards",  # the register has fewer versions than we have seen: it was restored
        "link.forgot",  # the cloud forgot changes, and they go out again; fact: changes
        "link.untrusted",  # TLS: certificate not of our authority
        "link.handed_over",  # given to the hall server, sealed; what the cloud says of it is not known yet
        "link.stranger",  # a neighbour that is no machine of this town, or was one; fact: reason
        "link.first_contact",  # not enrolled yet, and the cloud cannot be asked; fact: cause, another of these
    )
    over = ""  # the up-link it went over and the service that was asked, where they are known
    service = ""


class SignInNeededError(CounterError):
    """Somebody must sign in, again or for the first time."""

    codes = (
        "sign_in.wrong_secret",  # id, password or code wrong; never says which
        "sign_in.code_used",  # a TOTP step seen before
        "sign_in.shut",  # by order of the town
        "sign_in.locked_out",  # too many failures; fact: minutes
        "sign_in.too_many",  # more than any wait helps against: until the cloud or two colleagues let them in
        "sign_in.expired",  # session over
        "sign_in.lease_over",  # offline lease ended; only the line helps
        "sign_in.unknown_here",  # never signed in on this PC, and the line is down
        "sign_in.secrets_void",  # the cloud gave them another password or factor, or suspended them, since
        "sign_in.not_in_service",  # by the register's own rows not on the staff today
        "sign_in.first_code",  # the newcomer's first code does not fit the seed that was shown
        "sign_in.word_stale",  # of two who act together, one has shown both factors too long ago
        "sign_in.clock_off",  # clock off by more than 300 s; facts: seconds, way (ahead, behind)
        "key.absent",  # no FIDO2 key is plugged in, or more than one
        "key.wrong_pin",
        "key.last_try",  # one more wrong PIN blocks the key; nothing was tried
        "key.locked",  # blocked by wrong PINs
        "key.pull",  # wants to be pulled and plugged in again before another PIN
        "key.untouched",  # nobody touched it in time
        "key.stranger",  # not registered for this town
        "key.failed",  # pulled, without a PIN, or not as CTAP says
        "card.absent",  # no card in any reader
        "card.several",  # more than one, and none is this clerk's by what is known here
        "card.other",  # not the card this clerk's keys are bound to
        "card.wrong_pin",  # counted by the card itself, and here
        "card.last_try",  # the card says that one more wrong PIN locks it; nothing was tried
        "card.locked",  # by wrong PINs
        "card.removed",  # of the clerk at the counter
        "card.gone",  # pulled while it was read
    )


class RefusedError(CounterError):
    """A rule says no; choose otherwise or ask the officer."""

    codes = (
        "refused.right_missing",  # fact: right
        "refused.decision_needed",  # whoever receives does not decide: staff with the right is to be there
        "refused.decision_self",  # who decides is somebody else than who receives
        "refused.decision_dropped",  # nobody decided
        "refused.receives_only",  # whoever only receives answers for nobody
        "refused.same_person",  # where two different people are needed, or a third beside them
        "refused.declared_on_line",  # a disaster, while the cloud answers
        "refused.deputy_on_line",  # a 職務代理者, while the cloud answers
        "refused.deputy_days",  # whose days begin before today, end before they begin, or are too many; fact: days
        "refused.let_in_by_two",  # whoever was let in by two answers for nobody
        "refused.not_in_service",  # of somebody to be let in: not on the staff today, or without any right
        "refused.card_needed",  # where the town uses cards, two cannot let a third in
        "refused.new_password",  # one that may not be chosen; fact: least
        "refused.shien_sochi",  # contains a person under support measures
        "refused.blocked",  # 抑止; fact: reason
        "refused.held",  # by a request that is not decided yet; facts: change_kind, at, terminal
        "refused.release_self",  # whoever issues cannot release
        "refused.other_side",  # who asks may be whom a measure protects from
        "refused.release_second",  # off line a release takes a second person, not the one who releases
        "refused.withdraw_offline",  # what stops papers is taken back on line only
        "refused.not_blocked",  # there is nothing here that a release would set aside
        "refused.too_old",  # replica beyond the stop age; fact: hours
        "refused.self_only",  # old data, or a shelter: 本人 with photo identity, nobody else
        "refused.officer_needed",  # only after the officer's declaration
        "refused.clock_off",  # the clock stands before the data: its age cannot be known
        "refused.not_offline",  # this paper or request cannot be made off line
        "refused.requester",  # this requester may not have this paper
        "refused.identity",  # identity not checked
        "refused.not_resident",  # removed or about to be, on that day
        "refused.not_found",
        "refused.by_cloud",  # the cloud's own refusal; fact: reason
        "refused.date",  # a date no law allows
        "refused.input",  # fact: field
        "refused.relationship",  # no 続柄 the register takes; fact: field
        "refused.householder",  # a household has one householder, and the others stand to that one; fact: field
        "refused.over_75",  # whose insurance is 後期高齢者医療
        "refused.under_15",  # who has no 印鑑登録
        "refused.input_too_long",  # facts: most, letters; words
        "refused.forbidden_number",  # 個人番号 or 住民票コード where it may not be kept; fact: field
        "refused.number_search",  # typed into the search, which neither asks nor keeps it
        "refused.no_export_folder",  # the town has set no folder for extracts of the book
        "refused.too_many_lines",  # of one file; fact: most
        "refused.terminal_revoked",
        "refused.enrolment",  # token unknown or used
        "refused.cannot_be_read",  # the cloud takes no batch with this change in it, whatever else it takes
        "refused.stumbles",  # the cloud brings a fault for this change alone, and answers all others
        "refused.newer",  # the cloud speaks a newer contract; only a newer program helps
        "refused.office_alone",  # its words are for the cloud alone (支援措置): the counter cannot write it again
        "refused.under_way",  # being sent, or its answer is not known: cannot be taken back now
        "bundle.unreadable",  # the medium is gone, or broken
        "bundle.torn",  # no bundle, or one without its end
        "bundle.changed",  # a seal, a hash or the signature does not fit
        "bundle.unsigned",  # made by nobody this town knows
        "bundle.other_town",  # fact: town
        "bundle.other_environment",  # of training, and this is production; or the other way round
        "bundle.older",  # would take the replica back, or brings nothing
        "bundle.gap",  # begins after what is here: something between is missing
        "bundle.unproven",  # its rows do not add up to what the town's cloud signed
        "bundle.share",  # an officer's share is not as it was printed; fact: line
        "bundle.same_share",  # one share twice; fact: number
        "bundle.other_share",  # of another key than the bundle is sealed to; fact: number
        "bundle.passphrase",
        "bundle.card",  # the town's escrow.json is missing, or not signed by the town
        "bundle.no_word",  # nothing the cloud signed says what stands here; or it does not go back so far
        "bundle.other_kind",  # an outbox where data was wanted, or the other way round
        "bundle.exists",  # nothing is written over
        "bundle.custody",  # a line of the record is changed or missing; fact: entry
        "account.unknown",  # no account of that name on this PC
        "account.same",  # the account that hands cannot be the one it hands to
        "account.not_shared",  # the terminal's folder is one account's alone
        "account.other",  # the file is for another account
        "account.file",  # no such file, or none of ours
        "account.expired",  # its quarter of an hour is over
        "account.slip",  # of the finger, in the code; no try was used
        "account.code",  # wrong, or the file was changed; fact: left
        "refused.duplicate_intake",  # the same notification stands in the outbox already
        "attachment.type",  # by its content no JPEG, PNG or PDF
        "attachment.empty",
        "attachment.too_large",  # fact: most, in MB
        "attachment.too_many",  # fact: most
        "attachment.not_a_file",  # a folder, a pipe, a device
        "attachment.changed",  # somebody wrote to it while it was read
        "attachment.unreadable",  # gone, not permitted, a medium pulled out
    )


class ConflictError(CounterError):
    """The register moved on since the base version; a person decides."""

    codes = (
        "conflict.version",
        "conflict.tally",  # the cloud holds something else of our commands than the ledger has answers for
    )


class StoreError(CounterError):
    """The files on this PC cannot be used; nothing was changed."""

    codes = (
        "store.full",  # disk full
        "store.damaged_replica",  # a page of the replica is damaged
        "store.damaged_ledger",
        "store.ledger_behind",  # the ledger is older than its mark: a named loss
        "store.ledger_broken",  # an entry is changed or missing; facts: chain, entry
        "store.mark_behind",  # the mark is older than the ledger by more than one commit; fact: commits
        "store.forgotten_gone",  # the cloud forgot changes that cannot be sent again; fact: changes
        "store.strangers",  # the cloud holds changes under our name that the ledger has not; fact: changes
        "store.forbidden_number",  # the cloud sent 個人番号 or 住民票コード; facts: table, column
        "store.newer",  # made by a newer version of the program
        "store.in_use",  # a second instance on the same data
        "store.no_keyring",  # the keyring is missing, locked or lost its secret
        "store.facts_changed",  # somebody changed terminal.json, or put an older one or another terminal's in its place
        "store.wraps_changed",  # somebody changed the file of the clerks' keys
        "store.wraps_behind",  # an older copy of it was put back
        "store.not_handed_over",  # a wipe waits: the cloud did not take everything; fact: items
        "store.being_wiped",  # a wipe is under way here
        "store.wiped",  # it is done
        "store.no_keys",  # this PC is not enrolled, or the wraps are gone
        "store.wrong_key",
        "store.unreadable",  # permission, I/O error
        "store.no_training",  # the training program is not installed, or did not start
        "store.not_filled",  # no replica yet
        "store.attachment_lost",  # the sealed file of an attachment is gone or is not what was written
        "store.no_factor",  # the second factor of the settings is not installed
        "tpm.absent",  # the device secret is sealed by a TPM, and there is none
        "tpm.denied",  # this account may not use it
        "tpm.silent",  # it did not answer in time
        "tpm.other",  # it is not the one that sealed
        "tpm.cleared",  # it is, and it was cleared since
        "tpm.changed",  # the PC was started otherwise than when it was sealed (PCRs)
        "tpm.locked",  # it takes nothing for a while, after wrong passwords of other programs
        "tpm.owned",  # its owner hierarchy has a password, or is switched off
        "tpm.damaged",  # what was sealed is not as it was written
        "tpm.failed",  # it refused, or answered nonsense; fact: answer
        "tpm.not_moved",  # the secret lies otherwise than the settings say
        "card.module",  # the PKCS#11 module cannot be loaded, crashed, or did not answer in time
        "card.no_key",  # the card has no RSA key, of 2048 bits or more, that signs and decrypts
    )


class PaperError(CounterError):
    """Paper or printer wants a person."""

    codes = (
        "paper.glyph_missing",  # fact: letters, as code points
        "paper.no_printer",  # none is set
        "paper.to_file",  # the printer prints into files, and the town has not allowed that
        "paper.printer_unreachable",
        "paper.printer_refused",
        "paper.unknown",  # whether the sheet came out is not known
        "paper.font_missing",
        "paper.no_page",  # nothing to print
        "paper.overflow",  # a text too long for its box; fact: field
        "paper.bad_seal",  # the official seal's picture cannot be printed
    )
