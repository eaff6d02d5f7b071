"""The page in a real browser: headless Chromium, without network."""

import base64

import pytest
from evidence.browser import CONTRAST, Screen, start
from evidence.report.html.test_page import HOSTILE
from evidence.report_pages import draw, small_grid, small_page, small_results

PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = start(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    small_results(folder)
    (folder / "figures").mkdir()
    draw(folder / "figures" / "fig4.png", width=1440, height=900)
    path = folder / "report.html"
    path.write_text(small_page(folder), encoding="utf-8")
    return path


def element(screen, selector: str):
    return screen.browser.find_element("css selector", selector)


def elements(screen, selector: str) -> list:
    return screen.browser.find_elements("css selector", selector)


def test_it_loads_without_a_word_on_the_console(browser, path):
    screen = Screen(browser, path)
    assert browser.title == "Reproduction: VOC-LT"
    assert browser.get_log("browser") == []
    assert (
        screen.run("return performance.getEntriesByType('resource').filter((e) => !e.name.startsWith('data:'))") == []
    )
    assert screen.run("return [...document.images].every((image) => image.complete && image.naturalWidth > 0)")


def test_a_header_sorts_down_up_and_back_to_the_paper_s_order(browser, path):
    screen = Screen(browser, path)
    printed = ["LSEP1", "DR", "Failed", "Not run"]
    assert screen.cells() == printed
    header = elements(screen, "table.results th[aria-sort]")[1]
    button = header.find_element("tag name", "button")
    button.click()
    assert header.get_attribute("aria-sort") == "descending"
    assert screen.cells() == ["DR", "LSEP1", "Failed", "Not run"], "what has no number stays last"
    button.click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert screen.cells() == ["LSEP1", "DR", "Failed", "Not run"]
    button.click()
    assert header.get_attribute("aria-sort") == "none"
    assert screen.cells() == printed


def test_columns_sort_by_the_reference_or_the_difference_as_well(browser, path):
    screen = Screen(browser, path)
    elements(screen, "table.results th[aria-sort] button")[1].click()
    element(screen, "input[value=reference]").click()
    assert screen.cells() == ["LSEP1", "DR", "Not run", "Failed"]
    element(screen, "input[value=difference]").click()
    assert screen.cells() == ["DR", "LSEP1", "Failed", "Not run"]


def test_a_header_sorts_by_the_keyboard(browser, path):
    screen = Screen(browser, path)
    screen.run("document.querySelectorAll('table.results th[aria-sort] button')[1].focus()")
    screen.keys("ENTER")
    assert screen.cells()[0] == "DR"


def test_hovering_over_a_number_shows_its_run_seeds_log_and_command(browser, path):
    from selenium.webdriver.common.action_chains import ActionChains

    screen = Screen(browser, path)
    number = elements(screen, "a.cell")[4]
    screen.run("arguments[0].scrollIntoView({block: 'center'})", number)
    ActionChains(browser).move_to_element(number).perform()
    assert screen.until(screen.details)
    text = screen.details()
    for part in (
        "Table1: DR",
        "0: 61.00, 1: 61.40",
        "? inconclusive: about 3 seeds would show it",
        "runs/voc-lt/dr/seed0/train.log",
        "ltmlc train voc-lt dr",
    ):
        assert part in text
    ActionChains(browser).move_to_element(element(screen, "h1")).perform()
    assert screen.until(lambda: not screen.details())


def test_the_keyboard_shows_moves_keeps_and_closes_the_details(browser, path):
    screen = Screen(browser, path)
    screen.run("document.querySelector('input[name=quantity]').focus()")
    screen.keys("TAB", "TAB", "TAB", "TAB", "TAB", "TAB")  # past the five headers, onto the first number
    assert "Table1: LSEP" in screen.details() and "VOC-LT, total" in screen.details()
    screen.keys("ARROW_RIGHT")
    assert "VOC-LT, head" in screen.details()
    screen.keys("ARROW_DOWN")
    assert "Table1: DR" in screen.details()
    screen.keys("ENTER")
    assert screen.run("return document.activeElement.id") == "details"
    screen.keys("ESCAPE")
    assert screen.details() == ""
    assert screen.run("return document.activeElement.className") == "cell"


def test_a_tap_on_a_phone_opens_the_details_at_the_foot_and_a_cross_closes_them(browser, path):
    screen = Screen(browser, path, **PHONE)
    element(screen, "#tables summary").click()
    screen.run("document.querySelectorAll('a.cell')[8].scrollIntoView({block: 'center'})")
    elements(screen, "a.cell")[8].click()
    assert "the loss is not finite" in screen.details() and "asl/seed0/train.log" in screen.details()
    box = screen.run("return document.getElementById('details').getBoundingClientRect().toJSON()")
    assert round(box["bottom"]) == PHONE["height"] and box["left"] >= 0 and box["right"] <= PHONE["width"]
    element(screen, "#details .close").click()
    assert screen.details() == ""


def test_on_a_phone_all_parts_but_the_verdicts_begin_folded_and_a_link_opens_one(browser, path):
    screen = Screen(browser, path, **PHONE)
    opened = "return [...document.querySelectorAll('details.fold[open]')].map((part) => part.parentElement.id)"
    assert screen.run(opened) == ["verdicts"]
    element(screen, "nav a[href='#cost']").click()
    assert screen.until(lambda: screen.run(opened) == ["verdicts", "cost"])
    assert len(Screen(browser, path).run(opened)) > 5, "on a desk everything is open"


@pytest.mark.parametrize("width", [320, 360, 768, 1280, 1600])
def test_the_page_is_never_wider_than_the_screen(browser, path, width):
    screen = Screen(browser, path, width=width, height=800)
    screen.run("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert screen.run("return document.documentElement.scrollWidth") <= width
    wide = (
        "return [...document.querySelectorAll('.sheet')].filter((e) => e.scrollWidth > e.clientWidth + 1)"
        ".map((e) => e.innerText.slice(0, 60))"
    )
    assert width < 360 or screen.run(wide) == [], "a table has to be scrolled sideways"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_the_contrast_of_wcag_aa(browser, path, scheme):
    screen = Screen(browser, path, scheme=scheme)
    elements(screen, "a.cell")[0].click()
    checked, found = screen.run(CONTRAST)
    assert checked > 300 and found == []


def test_print_has_every_table_and_nothing_that_needs_a_screen(browser, path):
    screen = Screen(browser, path, media="print")
    assert screen.run("return getComputedStyle(document.querySelector('nav')).display") == "none"
    assert screen.run("return getComputedStyle(document.querySelector('.toolbar')).display") == "none"
    screen.run("window.dispatchEvent(new Event('beforeprint'))")
    assert screen.run("return document.querySelector('#runs .fold > details').open"), "the list of runs is printed too"
    screen.run("window.dispatchEvent(new Event('afterprint'))")
    assert not screen.run("return document.querySelector('#runs .fold > details').open")
    printed = base64.b64decode(screen.command("Page.printToPDF", {"printBackground": True})["data"])
    assert printed.startswith(b"%PDF") and len(printed) > 20_000


def test_without_scripts_the_page_is_complete(browser, path):
    Screen(browser, path).command("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(path.as_uri() + "?")
        cells = browser.find_elements("css selector", "a.cell")
        assert len(cells) == 24 and cells[0].is_displayed()
        assert not browser.find_element("css selector", ".toolbar").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_link_into_a_closed_part_opens_it(browser, path):
    screen = Screen(browser, path)
    target = screen.run("return document.querySelector('#runs tbody tr').id")
    screen.run("location.hash = arguments[0]", target)
    assert screen.until(lambda: screen.run("return document.querySelector('#runs .fold > details').open"))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_of_a_user_runs(browser, tmp_path, hostile):
    small_results(tmp_path, error=hostile)
    path = tmp_path / "report.html"
    path.write_text(
        small_page(tmp_path, asked=small_grid(label=hostile, note=hostile, title=hostile)), encoding="utf-8"
    )
    screen = Screen(browser, path)
    number = elements(screen, "a.cell")[8]
    screen.run("arguments[0].focus()", number)
    assert hostile.split("\n")[0][:20] in screen.details()
    assert screen.run("return window.hacked === undefined")
    assert browser.get_log("browser") == []
