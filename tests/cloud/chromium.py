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
_RATIO = 4.5  # WCAG 2.2, 1.4.3
_LAYOUT = """
const root = document.documentElement, odd = [];
if (root.scrollWidth > root.clientWidth) odd.push("the page: " + (root.scrollWidth - root.clientWidth));
for (const one of document.querySelectorAll("body *")) {
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  if (!box.width || box.right < 0 || style.position === "absolute" || one.closest("thead")) continue;
  if (box.right > root.clientWidth + 1) odd.push("sticks out: " + one.outerHTML.slice(0, 80));
  if (style.overflowX !== "visible" && !one.matches("input, select, textarea") && one.scrollWidth > one.clientWidth + 1)
    odd.push("is cut: " + one.outerHTML.slice(0, 80));
}
return odd;
"""
_CONTRAST = """
const light = value => { const v = value / 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 };
const luminance = c => 0.2126 * light(c[0]) + 0.7152 * light(c[1]) + 0.0722 * light(c[2]);
const read = text => { const found = text.match(/[0-9.]+/g).map(Number); return found.length < 4 ? [...found, 1] : found };
const over = (top, ground) => [0, 1, 2].map(i => top[i] * top[3] + ground[i] * (1 - top[3]));
const groundOf = one => {
  const layers = [];
  for (let at = one; at; at = at.parentElement) layers.push(read(getComputedStyle(at).backgroundColor));
  return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255]);
};
const pale = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const told = [...document.querySelectorAll("input, select, textarea")].filter(one => one.type !== "hidden");
while (walker.nextNode()) if (walker.currentNode.data.trim()) told.push(walker.currentNode.parentElement);
for (const one of new Set(told)) {
  const box = one.getBoundingClientRect();
  if (!box.width || box.right < 0 || one.closest("option, datalist")) continue;
  let ink = read(getComputedStyle(one).color);
  for (let at = one; at; at = at.parentElement) ink[3] *= Number(getComputedStyle(at).opacity);
  const ground = groundOf(one), [a, b] = [luminance(over(ink, ground)), luminance(ground)];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < RATIO) pale.push(ratio.toFixed(2) + " " + one.outerHTML.slice(0, 80));
}
return pale;
""".replace("RATIO", str(_RATIO))
_FOCUSABLE = """
const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea")];
const fit = all.filter(one => one.type !== "radio" || one.checked);
return fit.map(one => ({place: all.indexOf(one), name: one.outerHTML.slice(0, 80)}));
"""
_FOCUSED = """
const one = document.activeElement;
const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea")];
if (!all.includes(one)) return null;
const style = getComputedStyle(one), is_seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
return {place: all.indexOf(one), name: one.outerHTML.slice(0, 80), is_seen};
"""
_UNLABELLED = """
const fields = [...document.querySelectorAll("input:not([type=hidden]), select, textarea")];
return fields.filter(one => !one.labels.length && !one.ariaLabel).map(one => one.outerHTML.slice(0, 80));
"""


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
    def heading(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "h1").text

    @property
    def complaints(self) -> list[str]:
        """Return what the browser objects to: anything our own policy forbids, for one; a refusal of ours is none."""
        told: Any = self.driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium's
        return [line["message"] for line in told if line["level"] == "SEVERE" and line["source"] != "network"]

    def look(self, name: str) -> None:
        """Save the page at 100 and 200 %, light and dark; nothing sticks out, every text can be read and reached."""
        for scheme in ("light", "dark"):
            self._prefer({"prefers-color-scheme": scheme})
            for percent in (100, 200):
                size = {"width": _WIDTH * 100 // percent, "height": _HEIGHT * 100 // percent}
                factor = {"deviceScaleFactor": percent / 100, "mobile": False}
                self._tell("Emulation.setDeviceMetricsOverride", size | factor)
                odd: Any = self.driver.execute_script(_LAYOUT)
                assert odd == [], f"{name} at {percent} %: sticks out or is cut: {odd}"
                pale: Any = self.driver.execute_script(_CONTRAST)
                assert pale == [], f"{name}, {scheme}: below {_RATIO}: {pale}"
                self._save(f"{name}-{scheme}-{percent}")
        self._tell("Emulation.clearDeviceMetricsOverride", {})
        self._prefer({"forced-colors": "active"})
        self._save(f"{name}-forced")
        self._prefer({})
        self._check_keys(name)

    def walk(self) -> list[str]:
        """Go through the page with Tab from its top; returns what cannot be reached so, or is not seen to be."""
        wanted: Any = self.driver.execute_script(_FOCUSABLE)
        self.driver.execute_script("document.activeElement.blur(); window.getSelection().removeAllRanges()")
        reached, faint = set(), []
        for _ in range(len(wanted) + 2):
            self.type("\ue004")
            told: Any = self.driver.execute_script(_FOCUSED)
            if told is not None:
                reached.add(told["place"])
                faint += [] if told["is_seen"] else [f"faint: {told['name']}"]
        return [one["name"] for one in wanted if one["place"] not in reached] + faint

    def _check_keys(self, name: str) -> None:
        script = "return [...document.querySelectorAll('[accesskey]')].map(one => one.accessKey)"
        keys: Any = self.driver.execute_script(script)
        assert len(set(keys)) == len(keys), f"{name}: an access key twice: {keys}"
        unlabelled: Any = self.driver.execute_script(_UNLABELLED)
        assert unlabelled == [], f"{name}: fields without a label: {unlabelled}"

    def _prefer(self, features: dict[str, str]) -> None:
        named = [{"name": name, "value": value} for name, value in features.items()]
        self._tell("Emulation.setEmulatedMedia", {"features": named})

    def _save(self, name: str) -> None:
        shot = self._tell("Page.captureScreenshot", {"captureBeyondViewport": True})
        (self.pictures / f"{name}.png").write_bytes(b64decode(shot["data"]))

    def _tell(self, command: str, words: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = self.driver.execute_cdp_cmd(command, words)
        return told
