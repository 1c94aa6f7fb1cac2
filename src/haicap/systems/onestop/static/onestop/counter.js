// My counter: keys 1 to 7, and who waits, asked for every five seconds without moving the focus.
(() => {
  "use strict";
  const part = document.querySelector("[data-counter]");
  if (!part) return;
  const PERIOD = 5000;
  // a scanner types a whole code at once: a key counts only when it is pressed alone
  const ALONE = 60;
  let last = 0;
  let pressed = 0;

  const typing = (element) => element.closest("input:not([type=checkbox]):not([type=hidden]), select, textarea");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || typing(event.target)) return;
    const alone = event.timeStamp - last > ALONE;
    last = event.timeStamp;
    clearTimeout(pressed);
    if (!alone || !/^[1-7]$/.test(event.key)) return;
    pressed = setTimeout(() => {
      const button = part.querySelector(`[data-key="${event.key}"]:not([disabled])`);
      if (button) button.click();
    }, ALONE);
  });

  const bare = (text) => text.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "").trim();
  let shown = bare(part.innerHTML);

  async function ask() {
    try {
      const answer = await fetch(part.getAttribute("data-counter"), { cache: "no-store" });
      if (answer.ok && !answer.redirected) {
        const text = await answer.text();
        if (bare(text) !== shown) {
          const at = part.contains(document.activeElement) && document.activeElement.dataset.key;
          part.innerHTML = text;
          shown = bare(text);
          const again = at && part.querySelector(`[data-key="${at}"]`);
          if (again) again.focus();
        }
      }
    } catch {
      // the next one asks again; pressing a button says what is wrong
    }
    setTimeout(ask, PERIOD);
  }
  setTimeout(ask, PERIOD);
})();
