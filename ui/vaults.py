"""The keeper of keys by the settings: whether a TPM seals the device secret, which one, and which card opens wraps."""

from pathlib import Path

from client.config import Config
from offline.factors.card import CardDoor
from offline.store.device_secret import DeviceKeeping
from offline.store.keys import Vault
from offline.tpm.seal import Tpm


def vault_of(config: Config, card: CardDoor | None = None) -> Vault:
    """Return the keeper of this terminal's keys; nothing is opened yet."""
    tpm = Tpm(Path(config.tpm_device), pcrs=config.pcrs)
    keeping = DeviceKeeping(tpm, sealing=config.device_key == "tpm")
    return Vault(config.terminal_dir, config.environment, card=card, device=keeping)
