"""A headless Chromium for the tests of the page, and what they ask of it."""

import os
import shutil
from pathlib import Path

import pytest

REQUIRED = "LTMLC_REQUIRE_BROWSER"
"""Set in continuous integration: then a missing browser is a failure."""

OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    # No name resolves: whatever the page would load from elsewhere fails, and is an error on the console.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)

# Every visible text whose contrast with what lies behind it is under WCAG AA: 4.5, or 3 for large text.
CONTRAST = """
const parse = (colour) => { const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
const over = ([r, g, b, a], below) => [r, g, b].map((x, i) => a * x + (1 - a) * below[i]);
const light = (rgb) => {
  const [r, g, b] = rgb.map((x) => (x /= 255) <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const base = matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
const behind = (element) => {
  if (!element) return base;
  const colour = parse(getComputedStyle(element).backgroundColor);
  return colour[3] === 1 ? colour.slice(0, 3) : over(colour, behind(element.parentElement));
};
document.querySelectorAll("details").forEach((part) => (part.open = true));
const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let checked = 0;
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement, style = getComputedStyle(element);
  if (!walker.currentNode.data.trim() || /^(SCRIPT|STYLE)$/.test(element.tagName)) continue;
  if (!element.checkVisibility()) continue;
  const ground = behind(element), [a, b] = [light(over(parse(style.color), ground)), light(ground)];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
  checked += 1;
  if (ratio < (large ? 3 : 4.5)) found.push(`${walker.currentNode.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
}
return [checked, found];
"""


def start(profile: Path):
    """A driver with a new, empty profile; skips the test, or fails it where the browser is required."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not (chromium and driver):
        message = "no Chromium here: the page is not tested in a browser (apt-get install chromium chromium-driver)"
        if os.environ.get(REQUIRED):
            pytest.fail(message)
        pytest.skip(message)
    selenium = pytest.importorskip("selenium.webdriver", reason="no selenium here: the page is not tested in a browser")
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    browser.set_page_load_timeout(180)
    browser.set_script_timeout(180)
    return browser


class Screen:
    """One page in the browser, at one size."""

    def __init__(
        self, browser, path: Path, *, width: int = 1280, height: int = 900, media: str = "", scheme: str = "light"
    ) -> None:
        self.browser = browser
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.command("Emulation.setDeviceMetricsOverride", size)
        features = {
            "prefers-color-scheme": scheme,
            "prefers-reduced-motion": "reduce",
        }  # nothing scrolls in its own time
        features = [{"name": name, "value": value} for name, value in features.items()]
        self.command("Emulation.setEmulatedMedia", {"media": media, "features": features})
        browser.get_log("browser")  # what earlier pages said
        browser.get("about:blank")
        browser.get(path.as_uri())

    def command(self, name: str, options: dict) -> dict:
        return self.browser.execute_cdp_cmd(name, options)

    def run(self, script: str, *arguments):
        return self.browser.execute_script(script, *arguments)

    def cells(self, index: int = 0) -> list[str]:
        """The rows of a table of results, top down, by their labels."""
        return self.run(
            "return [...document.querySelectorAll('table.results')[arguments[0]].tBodies[0].rows]"
            ".map((row) => row.cells[0].textContent)",
            index,
        )

    def details(self) -> str:
        """What the pop-up says; empty while it is hidden."""
        return self.run("const box = document.getElementById('details'); return box.hidden ? '' : box.innerText")

    def keys(self, *names: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        actions = ActionChains(self.browser)
        for name in names:
            actions.send_keys(getattr(Keys, name))
        actions.perform()

    def until(self, condition) -> bool:
        """Whether a condition comes true in time; generous, for a busy machine."""
        from selenium.webdriver.support.ui import WebDriverWait

        return bool(WebDriverWait(self.browser, 60, poll_frequency=0.05).until(lambda _: condition()))
