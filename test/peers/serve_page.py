#!/usr/bin/env python3
"""The page of a compiled executable's server in a headless Chromium, as wide as a phone, in the dark and in the light.

    apt-get install chromium chromium-driver; python3 -m venv /tmp/page && /tmp/page/bin/pip install selenium
    /tmp/page/bin/python test/peers/serve_page.py CHAT [FOLDER for pictures]"""

import pathlib
import sys

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from serve_client import Server  # noqa: E402


# A small model is done before another process has looked.
STOP_EARLY = """
const done = arguments[0], form = document.getElementById("form"), send = document.getElementById("send");
form.requestSubmit();
const timer = setInterval(() => {
  const answer = [...document.querySelectorAll("#talk .assistant")].at(-1);
  if (send.textContent !== "Stop" || answer.textContent.length < 5) return;
  clearInterval(timer);
  form.requestSubmit();
  done();
}, 1);"""


def open_browser():
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1000,800"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 780, "deviceScaleFactor": 2, "mobile": True})
    return browser


def at(browser, name):
    return browser.find_element(By.ID, name)


def messages(browser, kind):
    return [element.text for element in browser.find_elements(By.CSS_SELECTOR, f"#talk .{kind}")]


def wait(browser, condition, what):
    WebDriverWait(browser, 30, poll_frequency=0.01).until(lambda _: condition(), message=what)


def main():
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    with Server(sys.argv[1], "--api-key", "secret", "--quiet") as server:
        browser = open_browser()
        try:
            browser.get(f"http://127.0.0.1:{server.port}/")
            wait(browser, lambda: messages(browser, "error"), "the key is asked for")
            at(browser, "key").send_keys("secret", Keys.TAB)
            for name, value in (("temperature", "0"), ("most", "24")):
                at(browser, name).clear()
                at(browser, name).send_keys(value, Keys.TAB)
            at(browser, "more").click()
            wait(browser, lambda: at(browser, "name").text not in ("", "chat"), "the model's name")

            server.key = "secret"
            truth = server.ask("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hello"}], "temperature": 0, "max_tokens": 24})
            text = truth["choices"][0]["message"]["content"]
            at(browser, "text").send_keys("Hello")
            at(browser, "send").click()
            wait(browser, lambda: messages(browser, "note"), "the answer's numbers")
            said = browser.execute_script("return document.querySelector('#talk .assistant').textContent")
            assert said == text and messages(browser, "user") == ["Hello"], (said, text)
            assert "of them before; 24 written" in messages(browser, "note")[-1] or truth["usage"]["completion_tokens"] < 24

            at(browser, "again").click()
            wait(browser, lambda: at(browser, "send").text == "Send" and messages(browser, "note"), "another answer")
            assert browser.execute_script("return document.querySelector('#talk .assistant').textContent") == text

            at(browser, "more").click()
            at(browser, "most").clear()
            at(browser, "most").send_keys("4000", Keys.TAB)
            at(browser, "more").click()
            at(browser, "text").send_keys("and on")
            browser.execute_async_script(STOP_EARLY)
            wait(browser, lambda: at(browser, "send").text == "Send", "it was stopped")
            wide = browser.execute_script("return document.documentElement.scrollWidth")
            assert wide <= 390, f"{wide} pixels, wider than the phone"
            for scheme in ("light", "dark"):
                browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
                shade = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
                assert (shade == "rgb(255, 255, 255)") == (scheme == "light"), shade
                if folder:
                    browser.save_screenshot(str(folder / f"{scheme}.png"))
            at(browser, "fresh").click()
            assert not messages(browser, "message")
            faults = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE" and "401" not in entry["message"]
                      and "favicon" not in entry["message"]]
            assert not faults, faults
        finally:
            browser.quit()
    print("the page is as it should be")


if __name__ == "__main__":
    main()
