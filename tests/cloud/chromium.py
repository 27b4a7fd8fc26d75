"""A real Chromium, unseen, that trusts one served cloud by its key; and pictures of its pages for a person to look at."""

import hashlib
import os
import ssl
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
LOOK = "MADOGUCHI_LOOK_AT_OFFICE"  # a folder for the pictures; else they stay in the test's own
_WIDTH, _HEIGHT, _PATIENCE_S = 1280, 900, 20


def spki_of(host: str, port: int, ca_file: str) -> str:
    """Return the digest of a server's public key, once its certificate has been checked against the cloud's authority."""
    pem = ssl.get_server_certificate((host, port), ca_certs=ca_file)
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(hashlib.sha256(spki).digest()).decode()


@contextmanager
def chromium(profile: Path, spki: str) -> Iterator["Window"]:
    """Open a browser of its own; the test is skipped where none is installed."""
    if not (CHROMIUM.exists() and DRIVER.exists()):
        pytest.skip("no chromium with chromedriver is installed")
    os.environ["SE_OFFLINE"] = "true"  # nothing is fetched, whatever is missing
    options = Options()
    options.binary_location = str(CHROMIUM)
    for word in (
        *("headless=new", f"user-data-dir={profile}", f"window-size={_WIDTH},{_HEIGHT}", "no-proxy-server"),
        *(f"ignore-certificate-errors-spki-list={spki}", "disable-background-networking", "lang=ja"),
        *(("no-sandbox",) if os.geteuid() == 0 else ()),
        *("disable-dev-shm-usage", "hide-scrollbars"),
    ):
        options.add_argument(f"--{word}")
    driver = webdriver.Chrome(options, Service(str(DRIVER)))
    try:
        yield Window(driver, profile.parent)
    finally:
        driver.quit()


class Window:
    """A browser's window, used by its keys."""

    def __init__(self, driver: webdriver.Chrome, folder: Path) -> None:
        self.driver = driver
        self.pictures = Path(os.environ.get(LOOK, str(folder / "pictures")))
        self.pictures.mkdir(parents=True, exist_ok=True)

    def open(self, address: str) -> None:
        self.driver.get(address)

    def type(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for word in keys:
            ActionChains(self.driver).send_keys(word).perform()

    def together(self, held: str, key: str) -> None:
        """Press a key while another is held, and wait for the page it leads to."""
        before = self.page
        ActionChains(self.driver).key_down(held).send_keys(key).key_up(held).perform()
        self.arrive(before)

    @property
    def page(self) -> WebElement:
        return self.driver.find_element(By.TAG_NAME, "html")

    def arrive(self, before: WebElement) -> None:
        """Wait until the page is another one, and whole."""

        def is_new(driver: webdriver.Chrome) -> bool:
            state = driver.execute_script("return document.readyState")
            return bool(self.page.id != before.id and state == "complete")

        WebDriverWait(self.driver, _PATIENCE_S).until(is_new)

    def press(self, selector: str) -> None:
        """Focus what is to be pressed, press Enter, and wait for the page it leads to."""
        before = self.page
        found = self.driver.find_element(By.CSS_SELECTOR, selector)
        found.send_keys("\ue007")
        self.arrive(before)

    def write(self, selector: str, text: str) -> None:
        found = self.driver.find_element(By.CSS_SELECTOR, selector)
        found.clear()
        found.send_keys(text)

    @property
    def words(self) -> str:
        return " ".join(self.driver.find_element(By.TAG_NAME, "body").text.split())

    @property
    def complaints(self) -> list[str]:
        """Return what the browser objects to: anything our own policy forbids, for one; a refusal of ours is none."""
        told: Any = self.driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium's
        return [line["message"] for line in told if line["level"] == "SEVERE" and line["source"] != "network"]

    def look(self, name: str) -> None:
        """Save the page at 100 and 200 %, light and dark; at 200 % nothing may stick out to the side."""
        for scheme in ("light", "dark"):
            media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
            self._tell("Emulation.setEmulatedMedia", media)
            for percent in (100, 200):
                size = {"width": _WIDTH * 100 // percent, "height": _HEIGHT * 100 // percent}
                factor = {"deviceScaleFactor": percent / 100, "mobile": False}
                self._tell("Emulation.setDeviceMetricsOverride", size | factor)
                wide: Any = self.driver.execute_script(
                    "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                assert wide <= 0, f"{name} is {wide} points too wide at {percent} %"
                shot = self._tell("Page.captureScreenshot", {"captureBeyondViewport": True})
                (self.pictures / f"{name}-{scheme}-{percent}.png").write_bytes(b64decode(shot["data"]))
        self._tell("Emulation.clearDeviceMetricsOverride", {})
        self._tell("Emulation.setEmulatedMedia", {"features": []})

    def _tell(self, command: str, words: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = self.driver.execute_cdp_cmd(command, words)
        return told
