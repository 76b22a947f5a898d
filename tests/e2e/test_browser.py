"""The dashboard in a real browser (Debian's Chromium), with and without JavaScript.

Screenshots go to PAVANE_ARTEFACTS (build/artefacts).
"""
import json
import os
import unittest
import urllib.parse

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    webdriver = None

from harness import Daemon, TOP, main

MACHINES = os.path.join(TOP, "machines")
ARTEFACTS = os.environ.get("PAVANE_ARTEFACTS", os.path.join(TOP, "build", "artefacts"))
HOSTILE = '<script>document.title="owned"</script>"><img src=x onerror=alert(1)>\u202e🚗'


def browser(javascript=True, dark=False, size="1280,1000"):
    o = webdriver.ChromeOptions()
    for a in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-quic",
              "--disable-background-networking", "--disable-component-update", "--disable-sync",
              "--force-color-profile=srgb", "--window-size=" + size):
        o.add_argument(a)
    if dark:
        o.add_argument("--force-dark-mode")
        o.add_argument("--blink-settings=preferredColorScheme=0")
    if not javascript:
        o.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    o.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=o)


@unittest.skipUnless(webdriver and os.path.exists("/usr/bin/chromedriver"), "no browser here")
class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.makedirs(ARTEFACTS, exist_ok=True)
        cls.d = Daemon(MACHINES).start()
        for name in ("order/events/waiting", "order/events/unpaid", "order/events/out-of-order",
                     "car/events/early-listing", "car/events/sold"):
            cls.d.post(json.load(open("%s/%s.json" % (MACHINES, name)))["events"])
        cls.d.post([{"id": HOSTILE, "source": "order.service", "detail-type": "OrderReceived",
                     "detail": {"orderId": HOSTILE, "note": HOSTILE}},
                    {"source": HOSTILE, "detail-type": HOSTILE}])

    @classmethod
    def tearDownClass(cls):
        cls.d.__exit__()

    def open(self, path, b):
        b.get(self.d.url + path)

    def quiet(self, b):
        """No violation of the policy, no error of a script or of loading."""
        self.assertEqual([e["message"] for e in b.get_log("browser") if e["level"] != "INFO"], [])

    def answer(self, b):
        return b.find_element(By.ID, "answer").text

    def test_where_is_the_order(self):
        """Scenario 1 and 3: the box, the answer, also without JavaScript."""
        for javascript in (True, False):
            b = browser(javascript)
            try:
                self.open("/", b)
                box = b.find_element(By.ID, "big")
                box.send_keys("order-1004" + Keys.ENTER)
                text = self.answer(b)
                self.assertIn("order-1004 waits in AwaitShop for ShopAccepted or ShopDeclined, since 20", text)
                self.assertEqual(b.title, "order-1004 · Pavane")
                self.assertEqual(len(b.find_elements(By.TAG_NAME, "h1")), 1)
                states = [e.text for e in b.find_elements(By.CSS_SELECTOR, ".visit strong")]
                self.assertEqual(states, ["AwaitPayment", "Was it paid?", "AwaitShop"])
                details = b.find_element(By.CSS_SELECTOR, ".visit details")
                details.find_element(By.TAG_NAME, "summary").click()
                self.assertIn('"orderId": "order-1004"', details.text)
                self.assertEqual(len(b.find_elements(By.CSS_SELECTOR, "table.history tbody tr")), 13)
                b.save_screenshot(os.path.join(ARTEFACTS, "execution%s.png" % ("" if javascript else "-nojs")))
                self.quiet(b)
            finally:
                b.quit()

    def test_rooms(self):
        b = browser()
        try:
            for path, name, said in (("/", "overview", "Where does it stand?"),
                                     ("/executions?status=FAILED", "executions", "order-1005"),
                                     ("/machines", "machines", "car"),
                                     ("/machines/car", "machine", "Three crews"),
                                     ("/events?disposition=unexpected", "events", "ShelfDusted"),
                                     ("/by-key/VF1-0003", "parked", "VF1-0003"),
                                     ("/by-key/order-1005", "failed", "Order.Unpaid")):
                self.open(path, b)
                b.save_screenshot(os.path.join(ARTEFACTS, name + ".png"))
                text = b.find_element(By.TAG_NAME, "main").text
                if name == "machine":
                    said = "Washing, mending and appraising"
                self.assertIn(said, text, path)
                self.quiet(b)
        finally:
            b.quit()

    def test_small_and_dark(self):
        b = browser(dark=True, size="500,900")
        try:
            for path, name in (("/by-key/order-1004", "execution-small"), ("/executions", "executions-small")):
                self.open(path, b)
                b.save_screenshot(os.path.join(ARTEFACTS, name + ".png"))
                wide = b.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
                self.assertLessEqual(wide, 0, "scrolls sideways: " + path)
        finally:
            b.quit()

    def test_hostile_names_are_text(self):
        b = browser()
        try:
            key = urllib.parse.quote(HOSTILE, safe="")
            for path in ("/by-key/" + key, "/executions", "/executions?key=" + key, "/events", "/",
                         "/find?q=" + key, "/by-key/" + key + "x", "/machines/" + key):
                self.open(path, b)
                self.assertIn("Pavane", b.title)
                self.assertEqual(b.find_elements(By.CSS_SELECTOR, "main img, main script"), [], path)
                self.assertEqual([e["message"] for e in b.get_log("browser")
                                  if "violates" in e["message"] or e["source"] != "network"], [])
            self.open("/by-key/" + key, b)
            self.assertIn('<script>document.title="owned"</script>', self.answer(b))
        finally:
            b.quit()

    def test_empty(self):
        with Daemon() as d:
            b = browser()
            try:
                b.get(d.url + "/")
                self.assertIn("--machines DIR", b.find_element(By.TAG_NAME, "main").text)
                b.get(d.url + "/executions")
                text = b.find_element(By.TAG_NAME, "main").text
                self.assertIn("curl -X POST http://127.0.0.1:%d/events" % d.port, text)
            finally:
                b.quit()


if __name__ == "__main__":
    main()
