"""印鑑登録 on a day: it lapses with the living 住民票, and no row has to say so."""

from datetime import date

from client.domain.resident import Resident
from client.domain.seal import SealRegistration
from client.rules.ages import SEAL_AGE, Holds, is_of_age
from client.rules.on_day import lives_here


def seal_stands(registration: SealRegistration, resident: Resident, day: date) -> bool:
    """Tell whether a registered seal can be certified on a day: it lapses with the living 住民票, by whatever cause.

    Nobody under 15 has one; where the birth date is uncertain, the town that registered it has looked at the age.
    """
    abolished = registration.abolished
    return (
        registration.atena_no == resident.atena_no
        and registration.registered is not None
        and registration.registered <= day
        and (abolished is None or day < abolished)
        and lives_here(resident, day)
        and is_of_age(resident.birth, SEAL_AGE, day) is not Holds.NO
    )


def may_register_seal(resident: Resident, day: date) -> Holds:
    """Tell whether age and record allow 印鑑登録 on a day."""
    return is_of_age(resident.birth, SEAL_AGE, day) if lives_here(resident, day) else Holds.NO
